#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rk {

// How the two ends of a link with a name (LinkAddress) tell that it is the same one. A fetcher says
// it in READY, a pusher before each frame, in a message with it: whatever becomes of a connection,
// nothing is taken for another link's.

/// What stands before a frame in a pusher's message.
std::string LinkMark(std::string_view link);
/// The name in a mark; nullopt for anything else.
std::optional<std::string> LinkMarked(std::string_view bytes);

/// What who binds `link` answers those who came for another one.
std::string LinkRefusal(std::string_view link);
/// The name in a refusal, which may be empty; nullopt for anything else.
std::optional<std::string> LinkRefused(std::string_view bytes);

/// What to log of a peer that came for the link `wanted`, where this is `ours`.
std::string RefusedLink(std::string_view wanted, std::string_view ours);
/// What to log on the other side.
std::string WrongLink(std::string_view wanted, std::string_view theirs);

}  // namespace rk
