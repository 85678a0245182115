// Randomised schedules of a reader, a balance by partition and two writers that die, freeze and
// wake up: nothing is acknowledged that was not stored, and nothing stays behind. A failing seed is
// named; running that seed alone repeats it.
#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "lib/balance/balancer.h"
#include "lib/batch/ledger.h"
#include "lib/batch/writer_order.h"
#include "lib/link/held_frames.h"
#include "tests/unit/batch/make_batch.h"
#include "tests/unit/batch/schedule_seeds.h"

namespace rk {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kPartitions = 3;
constexpr int64_t kOffsets = 60;  ///< of each partition
constexpr size_t kStepsToEnd = 100'000;

class BalanceWorld {
 public:
  /// `passes_on`: the balance's peers hand on what they get at once, each to a writer of its own,
  /// as another balance does.
  BalanceWorld(uint64_t seed, bool passes_on) : random_(seed), passes_on_(passes_on) {
    for (int i = 0; i < kPartitions; ++i) ledger_.Assign(Name(i), kEpoch, 0);
    for (auto& writer : writers_) Start(writer);
  }

  void Run() {
    for (size_t steps = 200 + Below(2000); steps > 0; --steps) Step(true);
    for (size_t steps = 0; !Done(); ++steps) {
      if (steps == kStepsToEnd) throw std::runtime_error("something stays behind for ever");
      Step(false);
    }
    for (int i = 0; i < kPartitions; ++i) {
      if (stored_[i].size() != kOffsets) throw std::runtime_error("a record was never stored");
    }
  }

 private:
  using FramePtr = std::shared_ptr<const Frame>;
  using Clock = Balancer::Clock;

  struct Writer {
    std::string connection;
    Origin instance{};
    WriterOrder order{true};
    std::deque<FramePtr> link;  ///< on their way to it; null is the server's word on the connection
    HeldFrames held;
    uint64_t received = 0;
    std::deque<FramePtr> in_flight;
    Clock::time_point looked;
    bool frozen = false;  ///< its main thread, and
    bool mute = false;    ///< the one that says READY
  };

  struct Nack {
    HeldRange batch;
    bool acknowledged = false;
  };

  static TopicPartition Name(int32_t partition) { return {"t", partition}; }
  static Balancer MakeBalancer() { return {20, Balancer::By::kPartition}; }
  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t chances) { return Below(chances) == 0; }

  void Step(bool rough) {
    now_ += milliseconds(Below(20));
    Writer& writer = writers_[Below(2)];
    const size_t action = Below(rough ? 200 : 180);
    if (action < 20) return Read();
    if (action < 40) return Send();
    if (action < 60) return Dispatch();
    if (action < 80) return Hear();
    if (action < 110 && !writer.frozen) return Receive(writer);
    if (action < 140 && !writer.frozen) return Store(writer);
    if (action < 170 && !writer.mute) return SayReady(writer);
    if (action < 175) return Wake(writer);
    if (action < 177) return SendNacks(balancer_.DropSilent(now_));
    if (action < 178) return SendNacks(balancer_.FindUninformed(now_));
    if (action < 180) return ReplayOverdue();
    if (action < 190) return Freeze(writer);
    if (action < 192) return Kill(writer);
    if (action < 193) return KillBalance();
    if (action < 194) return CutLink(writer);
    if (action < 195) return ledger_.NackAll();  // as rk-run does when a stage dies
  }

  void Read() {
    const auto partition = static_cast<int32_t>(Below(kPartitions));
    const TopicPartition name = Name(partition);
    const int64_t first = ledger_.next_offset(name);
    if (first == kOffsets || ledger_.unsent() > 3) return;
    const int64_t next = std::min<int64_t>(kOffsets, first + 1 + static_cast<int64_t>(Below(4)));
    BatchInfo info = MakeInfo({first, next}, kEpoch, name);
    info.ack_endpoint = "ipc:///ack";
    ledger_.Add(name, MakeBatch(info));
  }

  /// Batches overtake each other on their way to the balance, and some leave in parts.
  void Send() {
    if (const auto frame = ledger_.NextToSend()) middle_.push_back(Received(*frame));
    if (middle_.empty() || !OneIn(2)) return;
    std::swap(middle_[Below(middle_.size())], middle_.back());
    const Frame frame = std::move(middle_.back());
    middle_.pop_back();
    const BatchInfo& info = frame.info();
    const int64_t cut = OneIn(4) ? info.first_offset + 1 : info.next_offset;
    balancer_.Add(FrameMessage(Slice(frame, info.first_offset, cut)), now_);
    if (cut == info.next_offset) return;
    balancer_.Add(FrameMessage(Slice(frame, cut, info.next_offset)), now_);
  }

  void Dispatch() {
    while (auto next = balancer_.Next(now_)) {
      for (Writer& writer : writers_) {
        if (writer.connection != next->peer) continue;
        writer.link.push_back(std::make_shared<const Frame>(next->frame.Open()));
      }
    }
  }

  void Receive(Writer& writer) {
    Look(writer);
    if (writer.link.empty()) return;
    const FramePtr frame = std::move(writer.link.front());
    writer.link.pop_front();
    if (!frame) return Connect(writer);
    ++writer.received;
    writer.held.Add(BatchOf(frame->info()));
    if (passes_on_) writer.held.Remove(BatchOf(frame->info()));
    WriterOrder::Outcome outcome = writer.order.Take(frame, now_);
    for (FramePtr& next : outcome.produce) writer.in_flight.push_back(std::move(next));
    for (const FramePtr& again : outcome.acknowledge) Acknowledge(writer, *again);
    for (const FramePtr& dropped : outcome.dropped) writer.held.Remove(BatchOf(dropped->info()));
  }

  void Store(Writer& writer) {
    Look(writer);
    if (writer.in_flight.empty()) return;
    const FramePtr frame = std::move(writer.in_flight.front());
    writer.in_flight.pop_front();
    for (const int64_t offset : OffsetsOf(*frame)) stored_[frame->info().partition].insert(offset);
    writer.order.Done(*frame, now_);
    Acknowledge(writer, *frame);
  }

  void Acknowledge(Writer& writer, const Frame& frame) {
    const BatchInfo& info = frame.info();
    for (const int64_t offset : OffsetsOf(frame)) {
      if (stored_[info.partition].contains(offset)) continue;
      throw std::runtime_error("a record is acknowledged that was never stored");
    }
    to_reader_.push_back({BatchOf(info), true});
    writer.held.Remove(BatchOf(info));
  }

  /// As rk-write does before it goes on.
  void Look(Writer& writer) {
    const auto silence = now_ - std::exchange(writer.looked, now_);
    if (silence <= Balancer::kSilence) return;
    std::vector<FramePtr> dropped = writer.order.Abandon();
    std::ranges::move(std::exchange(writer.in_flight, {}), std::back_inserter(dropped));
    std::ranges::move(std::exchange(writer.link, {}), std::back_inserter(dropped));
    std::erase(dropped, nullptr);
    for (const FramePtr& frame : dropped) to_reader_.push_back({BatchOf(frame->info())});
    writer.held.Clear();
    Connect(writer);
  }

  void SayReady(Writer& writer) {
    if (writer.connection.empty()) return;  // whoever hears it does not believe it
    ReadyMessage ready;
    ready.instance = writer.instance;
    ready.isolates = false;
    ready.stores = !passes_on_;
    ready.capacity = 4 - std::min<uint32_t>(4, static_cast<uint32_t>(writer.link.size()));
    ready.received = writer.received;
    ready.held = writer.held.Ranges();
    SendNacks(balancer_.OnReady(writer.connection, ready, now_));
  }

  void SendNacks(const std::vector<Balancer::LostBatch>& lost) {
    for (const auto& one : lost) to_reader_.push_back({one.batch});
  }

  void Hear() {
    if (to_reader_.empty()) return;
    std::swap(to_reader_[Below(to_reader_.size())], to_reader_.back());
    const Nack message = to_reader_.back();
    to_reader_.pop_back();
    const HeldRange& batch = message.batch;
    if (message.acknowledged) {
      ledger_.Acknowledge(batch.partition, batch.epoch, batch.range);
    } else {
      ledger_.Nack(batch.partition, batch.epoch, batch.range, false);
    }
  }

  void Freeze(Writer& writer) {
    writer.frozen = true;
    writer.mute = OneIn(2);
  }

  void Wake(Writer& writer) {
    if (writer.frozen) now_ += milliseconds(Below(3000));
    writer.frozen = writer.mute = false;
  }

  /// What was between it and its own writer is lost with it, of which rk-run tells the readers.
  void Kill(Writer& writer) {
    SendNacks(balancer_.RemovePeer(writer.connection));
    writer = {};
    Start(writer);
    if (passes_on_) ledger_.NackAll();
  }

  /// What waits in it is lost. Of that rk-run tells the readers.
  void KillBalance() {
    balancer_ = MakeBalancer();
    for (Writer& writer : writers_) CutLink(writer);
    ledger_.NackAll();
  }

  /// Some of what is on its way to a writer is lost, and it has a new connection behind the rest.
  void CutLink(Writer& writer) {
    if (OneIn(2)) writer.link.clear();
    std::erase(writer.link, nullptr);
    writer.link.push_back(nullptr);
    writer.connection.clear();
  }

  void ReplayOverdue() {
    if (!passes_on_ || !OneIn(10)) return;
    overdue_ += Ledger::kOverdueAfter;
    ledger_.ReplayOverdue(overdue_);
  }

  void Start(Writer& writer) {
    writer.instance.fill(++last_instance_);
    writer.looked = now_;
    Connect(writer);
  }

  void Connect(Writer& writer) {
    writer.connection = "w" + std::to_string(++last_connection_);
    writer.received = 0;
  }

  bool Done() const {
    for (int i = 0; i < kPartitions; ++i) {
      if (ledger_.floor(Name(i)) != kOffsets) return false;
    }
    return true;
  }

  std::mt19937_64 random_;
  bool passes_on_;
  Clock::time_point now_{seconds(1000)};
  Ledger::Clock::time_point overdue_{};
  Ledger ledger_{{100'000, 40}};
  std::vector<Frame> middle_;
  Balancer balancer_ = MakeBalancer();
  std::array<Writer, 2> writers_;
  std::vector<Nack> to_reader_;
  std::array<std::set<int64_t>, kPartitions> stored_;
  uint8_t last_instance_ = 0;
  size_t last_connection_ = 0;
};

void RunSchedules(bool passes_on) {
  for (uint64_t seed = 1; seed <= kScheduleSeeds; ++seed) {
    try {
      BalanceWorld(seed, passes_on).Run();
    } catch (const std::exception& error) {
      FAIL("seed " << seed << ": " << error.what());
    }
  }
}

}  // namespace

TEST_CASE("schedules: writers that die, freeze and wake up acknowledge only what is stored") {
  RunSchedules(false);
}

TEST_CASE("schedules: what a balance's peers pass on does not count as stored") {
  RunSchedules(true);
}

}  // namespace rk
