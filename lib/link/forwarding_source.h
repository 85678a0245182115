#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "lib/link/source.h"

namespace rk {

/// Another source, with something done on the way: a class derived from it overrides what it
/// changes.
class ForwardingSource : public Source {
 public:
  explicit ForwardingSource(std::unique_ptr<Source> source) : source_(std::move(source)) {}

  std::optional<Frame> TryReceive() override { return source_->TryReceive(); }
  void Done(const HeldRange& batch) override { source_->Done(batch); }
  void Abandon() override { source_->Abandon(); }
  void Leave() override { source_->Leave(); }
  bool ended() const override { return source_->ended(); }
  bool has_end() const override { return source_->has_end(); }
  Origin origin() const override { return source_->origin(); }
  int fd() const override { return source_->fd(); }
  bool acknowledged() const override { return source_->acknowledged(); }

 private:
  std::unique_ptr<Source> source_;
};

}  // namespace rk
