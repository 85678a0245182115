#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/codec/json/key_field.h"
#include "lib/link/forwarding_source.h"

namespace rk {

/// What is changed in records before they are written.
struct Edits {
  std::string key_field;                  ///< the key is this one (KeyField); empty: kept
  std::vector<std::string> drop_headers;  ///< shell patterns of names, glob(7)
  bool source_header = false;             ///< the header rk-source: TOPIC/PARTITION/OFFSET

  bool any() const { return !key_field.empty() || !drop_headers.empty() || source_header; }
};

/// Another source's frames, with the edits made. A record without the key's field is failed in
/// place by rk-write; of failed ones only headers are left out. Columns are left out.
class EditedSource : public ForwardingSource {
 public:
  /// Throws Error(kUsage) for a field that is no path.
  EditedSource(std::unique_ptr<Source> source, const Edits& edits);

  std::optional<Frame> TryReceive() override;

 private:
  Frame Edit(const Frame& frame);
  void EditHeaders(const BatchInfo& batch, RecordView& record);
  std::optional<Rejection> SetKey(RecordView& record);
  bool IsDropped(std::string_view name) const;

  std::vector<std::string> drop_headers_;
  bool source_header_;
  std::optional<KeyField> key_field_;
  std::optional<std::string> key_;  ///< of the record at hand, as are its headers
  std::string headers_;
};

}  // namespace rk
