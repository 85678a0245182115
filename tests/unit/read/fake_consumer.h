#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "lib/base/event_fd.h"
#include "lib/kafka/consumer.h"
#include "tests/unit/batch/make_batch.h"

namespace rk {

/// What the brokers have, and what was asked of them. The test calls what stands here, from its own
/// thread; it outlives the FakeConsumer.
class FakeBrokers {
 public:
  using Offsets = std::vector<PartitionOffset>;

  /// Changes something under the lock, and wakes the reader.
  template <typename Change>
  void With(Change&& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    wake_.Set();
  }
  /// The partition has `count` more records.
  void Append(const TopicPartition& partition, int64_t count) {
    With([&] { ends_[partition] += count; });
  }
  void Store(const TopicPartition& partition, int64_t offset) {
    With([&] { stored_[partition] = offset; });
  }
  /// Retention: the oldest record is now the one at `offset`.
  void Truncate(const TopicPartition& partition, int64_t offset) {
    With([&] { begins_[partition] = offset; });
  }
  /// The log goes back: its next record is the one at `offset`, and `more` follow.
  void Rewind(const TopicPartition& partition, Consumer::Fetched::Rewind rewind, int64_t more) {
    With([&] {
      ends_[partition] = rewind.offset + more;
      rewinds_[partition] = rewind;
    });
  }
  /// To happen in the next Poll().
  void OnPoll(std::function<void(Consumer::Listener&)> event) {
    With([&] { events_.push_back(std::move(event)); });
  }
  void Assign(const std::vector<TopicPartition>& partitions) {
    OnPoll([=, this](Consumer::Listener& listener) {
      for (const auto& start : listener.OnAssigned(partitions)) Start(start);
    });
  }
  void Revoke(const std::vector<TopicPartition>& partitions, bool lost) {
    OnPoll([=, this](Consumer::Listener& listener) {
      listener.OnRevoked(partitions, lost);
      With([&] {
        std::erase_if(positions_,
                      [&](const auto& at) { return std::ranges::count(partitions, at.first) > 0; });
      });
    });
  }
  void Wake() const { wake_.Set(); }

  /// What was asked to be committed, without waiting and with it; not the calls with nothing.
  std::vector<Offsets> commits() const { return Get(&FakeBrokers::commits_); }
  std::vector<Offsets> waited_commits() const { return Get(&FakeBrokers::waited_); }
  int ticks() const { return Get(&FakeBrokers::ticks_); }
  std::optional<Consumer::Membership> closed() const { return Get(&FakeBrokers::closed_); }
  std::vector<PartitionOffset> restarts() const { return Get(&FakeBrokers::restarts_); }

  // To be set before the reader starts, or by With().
  bool refuse_commit = false;           ///< tell of a refusal at the next tick
  int refuse_waited = 0;                ///< refuse so many CommitAndWait()
  std::function<void()> before_waited;  ///< CommitAndWait() calls it
  std::optional<Error> fetch_error;     ///< Fetch() throws it
  std::optional<std::chrono::steady_clock::time_point> next_due;  ///< NextDue()
  std::chrono::milliseconds join_limit{300'000};
  std::chrono::milliseconds refresh_interval{10'000};

 private:
  friend class FakeConsumer;

  template <typename T>
  T Get(T FakeBrokers::*member) const {
    const std::lock_guard lock(mutex_);
    return this->*member;
  }
  void Start(const PartitionOffset& start) {
    With([&] { positions_[start.partition] = {start.offset, false}; });
  }

  struct Position {
    int64_t offset = 0;
    bool end_told = false;
  };

  mutable std::mutex mutex_;
  EventFd wake_;
  std::map<TopicPartition, int64_t> begins_;
  std::map<TopicPartition, int64_t> ends_;
  std::map<TopicPartition, int64_t> stored_;
  std::map<TopicPartition, Position> positions_;
  std::map<TopicPartition, Consumer::Fetched::Rewind> rewinds_;  ///< not told yet
  std::deque<std::function<void(Consumer::Listener&)>> events_;
  std::vector<Offsets> commits_;
  std::vector<Offsets> waited_;
  std::vector<PartitionOffset> restarts_;
  int ticks_ = 0;
  std::optional<Consumer::Membership> closed_;
};

/// A Consumer of FakeBrokers.
class FakeConsumer : public Consumer {
 public:
  explicit FakeConsumer(FakeBrokers& brokers) : brokers_(brokers) {}

  void Subscribe(const std::vector<std::string>& /*topics*/, Listener& listener) override {
    listener_ = &listener;
  }
  void Assign(const std::vector<PartitionOffset>& starts) override {
    for (const auto& start : starts) brokers_.Start(start);
  }
  void Restart(const PartitionOffset& start) override {
    brokers_.With([&] { brokers_.restarts_.push_back(start); });
    brokers_.Start(start);
  }
  std::optional<std::vector<TopicPartition>> TryFind(
      const std::vector<std::string>& /*topics*/) const override {
    const std::lock_guard lock(brokers_.mutex_);
    std::vector<TopicPartition> found;
    for (const auto& [partition, end] : brokers_.ends_) found.push_back(partition);
    return found;
  }
  std::chrono::milliseconds refresh_interval() const override { return brokers_.refresh_interval; }
  std::chrono::milliseconds join_limit() const override { return brokers_.join_limit; }
  std::optional<int64_t> CachedEnd(const TopicPartition& partition) const override {
    const std::lock_guard lock(brokers_.mutex_);
    return brokers_.ends_[partition];
  }
  std::vector<int64_t> Resolve(const std::vector<TopicPartition>& partitions,
                               const StartOffset& start) override {
    const std::lock_guard lock(brokers_.mutex_);
    std::vector<int64_t> offsets;
    for (const auto& partition : partitions) offsets.push_back(ResolveOne(partition, start));
    return offsets;
  }
  std::vector<std::optional<StoredOffset>> Stored(
      const std::vector<TopicPartition>& partitions) override {
    const std::lock_guard lock(brokers_.mutex_);
    std::vector<std::optional<StoredOffset>> offsets;
    for (const auto& partition : partitions) {
      const auto stored = brokers_.stored_.find(partition);
      offsets.push_back(stored == brokers_.stored_.end()
                            ? std::nullopt
                            : std::optional(StoredOffset{stored->second}));
    }
    return offsets;
  }
  void Poll() override {
    while (true) {
      std::function<void(Listener&)> event;
      {
        const std::lock_guard lock(brokers_.mutex_);
        if (brokers_.events_.empty()) return;
        event = std::move(brokers_.events_.front());
        brokers_.events_.pop_front();
      }
      event(*listener_);
    }
  }
  int event_fd() const override { return brokers_.wake_.fd(); }
  void ClearEvents() override { brokers_.wake_.Clear(); }

  Fetched Fetch(const BatchInfo& info, const Limits& limits) override {
    const std::lock_guard lock(brokers_.mutex_);
    if (brokers_.fetch_error) throw *brokers_.fetch_error;
    const TopicPartition partition{std::string(info.topic), info.partition};
    const auto position = brokers_.positions_.find(partition);
    Fetched fetched;
    if (position == brokers_.positions_.end()) return fetched;
    if (const auto rewind = brokers_.rewinds_.extract(partition)) {
      fetched.rewind = rewind.mapped();
      brokers_.positions_.erase(position);
      return fetched;
    }
    auto& [offset, end_told] = position->second;
    if (const int64_t begin = brokers_.begins_[partition]; offset < begin) {
      fetched.lost = {offset, begin};
      return fetched;
    }
    const int64_t end = std::min(brokers_.ends_[partition], limits.end_offset);
    const int64_t next = std::min<int64_t>(end, offset + static_cast<int64_t>(limits.records));
    if (offset < next) {
      std::vector<int64_t> offsets;
      for (; offset < next; ++offset) offsets.push_back(offset);
      BatchInfo batch = info;
      batch.next_offset = next;
      fetched.frame = MakeBatch(batch, offsets);
      end_told = false;
    }
    if (offset == end && !std::exchange(end_told, true)) fetched.end_offset = end;
    return fetched;
  }
  std::optional<std::chrono::steady_clock::time_point> NextDue() const override {
    return brokers_.next_due;
  }

  void Commit(const std::vector<PartitionOffset>& offsets) override {
    const std::lock_guard lock(brokers_.mutex_);
    if (!offsets.empty()) brokers_.commits_.push_back(offsets);
  }
  bool TakeCommitFailure() override {
    const std::lock_guard lock(brokers_.mutex_);
    ++brokers_.ticks_;
    return std::exchange(brokers_.refuse_commit, false);
  }
  bool CommitAndWait(const std::vector<PartitionOffset>& offsets) override {
    if (brokers_.before_waited) brokers_.before_waited();
    const std::lock_guard lock(brokers_.mutex_);
    if (!offsets.empty()) brokers_.waited_.push_back(offsets);
    return brokers_.refuse_waited-- <= 0;
  }
  void Close(Membership membership) override {
    brokers_.With([&] { brokers_.closed_ = membership; });
  }

 private:
  int64_t ResolveOne(const TopicPartition& partition, const StartOffset& start) {
    const auto stored = brokers_.stored_.find(partition);
    switch (start.kind) {
      case StartOffset::Kind::kAbsolute:
        return start.value;
      case StartOffset::Kind::kEnd:
        return brokers_.ends_[partition];
      case StartOffset::Kind::kStored:
        if (stored != brokers_.stored_.end()) return stored->second;
        [[fallthrough]];
      default:
        return brokers_.begins_[partition];
    }
  }

  FakeBrokers& brokers_;
  Listener* listener_ = nullptr;
};

}  // namespace rk
