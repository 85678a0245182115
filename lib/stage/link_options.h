#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lib/balance/frame_server.h"
#include "lib/batch/frame_format.h"
#include "lib/batch/tombstones.h"
#include "lib/link/link_address.h"
#include "lib/link/message_source.h"
#include "lib/link/sink.h"
#include "lib/link/source.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace rk {

struct Stage;

/// Where a stage's frames come from and go to (docs/architecture.md, Links): `-`, the pipe, is the
/// default.
struct LinkOptions {
  std::string in = "-";
  std::string out = "-";
  size_t max_frame = frame_format::kDefaultMaxFrame;
  int hwm = 4;            ///< frames that wait in a pushing or collecting socket
  size_t prefetch = 2;    ///< frames that a fetcher has at a time
  std::string keys = {};  ///< a KeyFolder, for tcp://; empty: none
  /// That one, since LoadKeys() has read it.
  mutable std::shared_ptr<const KeyFolder> key_folder = {};
  std::string ack = {};  ///< of a reader: tcp://HOST:PORT; empty: as --out says
};

void AddInputOptions(CLI::App& app, LinkOptions& options);   ///< --in, --max-frame, --prefetch
void AddOutputOptions(CLI::App& app, LinkOptions& options);  ///< --out
/// --max-frame, for a stage without AddInputOptions().
CLI::Option* AddMaxFrameOption(CLI::App& app, LinkOptions& options);
void AddSocketOptions(CLI::App& app, LinkOptions& options);  ///< --hwm, --keys
void AddAckOption(CLI::App& app, LinkOptions& options);      ///< --ack
/// --tombstones, for a stage that reads values.
CLI::Option* AddTombstonesOption(CLI::App& app, Tombstones& tombstones);

// For CLI11's check(): why a text is wrong, empty if it is not.

/// `tcp://ADDRESS:PORT`.
std::string CheckTcpAddress(const std::string& text);
/// An option that is given must not be empty, as a shell makes it of a variable that is not set.
std::string CheckGiven(const std::string& text);

/// What a stage does with the frames that it fetches.
enum class Holds {
  kUntilSent,    ///< a model: its batches are its own until they are sent on; takes suspects alone
  kUntilStored,  ///< a writer: more comes while it waits for Kafka
  kNothing,      ///< a balance: it passes them on, and no record can be the death of it
};

/// The keys that --keys names, read the first time; null without it. One thread. Throws what
/// KeyFolder throws.
std::shared_ptr<const KeyFolder> LoadKeys(const LinkOptions& options);
/// Where a reader takes acknowledgements on tcp://: --ack, else the address that its --out has or
/// leaves this machine by; nullopt where that is not on tcp://. Throws Error(kUsage) where neither
/// says, Error(kUnavailable).
std::optional<LinkAddress> AckAddress(const LinkOptions& options);
/// For --check, and before a model loads: throws if what is on tcp:// could not be opened for want
/// of keys, or could not be bound since it is no address of this machine.
void CheckLinks(const LinkOptions& options);

/// Both throw Error(kUsage) for what is no endpoint, and what the links throw. What is over
/// options.max_frame is split on its way out (FittingSink).
std::unique_ptr<Source> OpenSource(const LinkOptions& options, Holds holds, Stage& stage);
std::unique_ptr<Sink> OpenSink(const LinkOptions& options, Stage& stage);

/// For a stage that passes frames on as they come, Holds::kNothing; throws the same.
std::unique_ptr<MessageSource> OpenMessageSource(const LinkOptions& options, Stage& stage);
/// True if --out is one that serves, for OpenServer().
bool Serves(const LinkOptions& options);
std::unique_ptr<FrameServer> OpenServer(const LinkOptions& options, size_t queue_records,
                                        Balancer::By by, Stage& stage);

}  // namespace rk
