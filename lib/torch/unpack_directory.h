#pragma once

#include <optional>
#include <string>

#include "lib/base/descriptor.h"

/// Inside lib/torch only.
namespace rk {

/// A folder below TMPDIR (else /tmp) for what LibTorch unpacks of a package; goes with this object.
/// That of a process that was killed goes when the next is made: while it is used it is locked.
class UnpackDirectory {
 public:
  /// Throws Error(kIo) that names TMPDIR if there can be none, or no code in it may be run.
  UnpackDirectory();
  ~UnpackDirectory();
  UnpackDirectory(UnpackDirectory&& other) noexcept;
  UnpackDirectory& operator=(UnpackDirectory&&) = delete;

  const std::string& path() const { return path_; }

  /// After a load that failed: throws Error(kIo) if there is no room for more.
  void CheckRoom() const;

 private:
  std::string path_;  // empty: another object's
  Descriptor lock_;
};

/// Has LibTorch unpack into a folder as long as this lives: TMPDIR is that folder. One at a time.
class TmpdirSetting {
 public:
  explicit TmpdirSetting(const std::string& path);
  ~TmpdirSetting();
  TmpdirSetting(const TmpdirSetting&) = delete;
  TmpdirSetting& operator=(const TmpdirSetting&) = delete;

 private:
  std::optional<std::string> before_;
};

}  // namespace rk
