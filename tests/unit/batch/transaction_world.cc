#include "tests/unit/batch/transaction_world.h"

#include <algorithm>
#include <numeric>

namespace rk {
namespace {

constexpr int32_t kPartitions = 3;
constexpr int64_t kOffsets = 200;  ///< of each partition
constexpr size_t kStepsToEnd = 200'000;
constexpr std::chrono::milliseconds kInterval{100};

}  // namespace

int FakeTransactions::Init(const std::string& id) {
  open.erase(id);
  return ++lives[id];
}

bool FakeTransactions::IsStable(int32_t partition) const {
  return std::ranges::none_of(
      open, [&](const auto& entry) { return entry.second.offsets.contains(partition); });
}

bool FakeTransactions::Knows(const GroupMember& member) const {
  return member.generation == generation && members.contains(member.member_id);
}

void FakeTransactions::Commit(const std::string& id) {
  const auto transaction = open.extract(id);
  if (transaction.empty()) return;
  for (const auto& [partition, offset] : transaction.mapped().records)
    output[partition].push_back(offset);
  for (const auto& [partition, offset] : transaction.mapped().offsets)
    committed[partition] = offset;
}

TransactionWorld::TransactionWorld(uint64_t seed)
    : random_(seed), patience_(1 + Below(20)), calm_(1 + Below(10)), readers_(2), writers_(2) {
  for (size_t i = 0; i < writers_.size(); ++i) {
    writers_[i].id = "w" + std::to_string(i);
    StartWriter(writers_[i]);
  }
  for (Reader& reader : readers_) StartReader(reader);
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    owners_[partition] = Below(2);
    unassigned_.insert(partition);
    targets_[partition] = Below(2);
  }
}

void TransactionWorld::Run() {
  for (size_t steps = 1000 + Below(10'000); steps > 0; --steps) Act(true);
  for (Writer& writer : writers_) writer.frozen = false;
  for (Reader& reader : readers_) reader.frozen = false;
  for (size_t steps = 0; !Done(); ++steps) {
    if (steps == kStepsToEnd) throw std::runtime_error("something stays behind for ever");
    Act(false);
    // As the last resort on links and a balance's request do.
    if (steps % 5000 == 4999) {
      for (Reader& reader : readers_) reader.ledger->NackAll();
    }
  }
  std::vector<int64_t> expected(kOffsets);
  std::iota(expected.begin(), expected.end(), 0);
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    if (kafka_.output[partition] != expected)
      throw std::runtime_error("a record is missing, comes twice, or out of order");
  }
}

bool TransactionWorld::Done() const {
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    const auto committed = kafka_.committed.find(partition);
    if (committed == kafka_.committed.end() || committed->second < kOffsets) return false;
  }
  return std::ranges::all_of(readers_, [](const Reader& one) { return one.ledger->Idle(); });
}

void TransactionWorld::Act(bool rough) {
  now_ += std::chrono::milliseconds(Below(8));
  Reader& reader = readers_[Below(2)];
  Writer& writer = writers_[Below(2)];
  const size_t action = Below(rough ? 400 : 380);
  if (action < 30) return TryAssign(static_cast<int32_t>(Below(kPartitions)));
  if (action < 150) {
    if (reader.frozen) return;
    if (action < 60) return Read(reader);
    if (action < 90) return Send(reader);
    if (action < 145) return Hear(reader);
    return Notice(reader);
  }
  if (action < 370) {
    if (writer.frozen) return;
    if (action < 200) return Receive(writer);
    if (action < 240) return Listen(writer);
    Proceed(writer);
    return OneIn(2) ? Report(writer) : void();
  }
  if (action < 380) {
    if (!OneIn(patience_)) return;
    if (std::exchange(writer.frozen, false) && OneIn(2)) StartOver(writer);
    reader.frozen = false;
    return;
  }
  if (!OneIn(calm_)) return;
  // A batch may get another writer at any time, as where a balance dies and forgets.
  if (action < 382) targets_[static_cast<int32_t>(Below(kPartitions))] = Below(2);
  if (action < 384) return reader.ledger->NackAll();
  if (action < 387) return KillWriter(writer);
  if (action < 388) return KillReader(reader);
  if (action < 390) return Rebalance();
  if (action < 398) {
    writer.frozen = true;  // its neighbours take it for dead
    for (auto& [partition, target] : targets_) target = Below(2);
    if (OneIn(2)) readers_[0].ledger->NackAll();
    if (OneIn(2)) readers_[1].ledger->NackAll();
    return;
  }
  reader.frozen = true;
}

// The readers.

void TransactionWorld::StartReader(Reader& reader) {
  reader.endpoint = "ipc:///r" + std::to_string(++names_);
  reader.origin = Origin{static_cast<unsigned char>(names_)};
  reader.ledger = std::make_unique<Ledger>(Ledger::Limits{}, Ledger::Replays::kNewEpoch);
  reader.claimants = {};
  reader.inbox.clear();
  reader.frozen = false;
  Join(reader);
}

void TransactionWorld::Join(Reader& reader) {
  if (reader.member.member_id.empty() || !kafka_.members.contains(reader.member.member_id))
    reader.member.member_id = "m" + std::to_string(++names_);
  kafka_.members.insert(reader.member.member_id);
  reader.member.generation = kafka_.generation;
  Message message;
  message.kind = Message::Kind::kGroup;
  message.member = reader.member;
  Broadcast(reader, message);
}

void TransactionWorld::TryAssign(int32_t partition) {
  Reader& reader = readers_[OwnerOf(partition)];
  // The owner is told with the generation that makes it so, and waits for stable offsets.
  if (!unassigned_.contains(partition) || reader.frozen || !kafka_.Knows(reader.member)) return;
  if (!kafka_.IsStable(partition)) return;
  unassigned_.erase(partition);
  const auto committed = kafka_.committed.find(partition);
  const int64_t start = committed == kafka_.committed.end() ? 0 : committed->second;
  reader.ledger->Assign(Name(partition), boot_time_ += 1000, start);
}

void TransactionWorld::GiveUp(Reader& reader, int32_t partition) {
  if (!reader.ledger->Owns(Name(partition))) return;
  Message fence;
  fence.claim = {reader.endpoint, Name(partition), reader.ledger->epoch(Name(partition))};
  reader.ledger->Revoke(Name(partition));
  Broadcast(reader, fence);
}

void TransactionWorld::Broadcast(Reader& reader, const Message& message) {
  for (Writer& writer : writers_) {
    if (writer.connected.contains(reader.endpoint))
      writer.inbox[reader.endpoint].push_back(message);
  }
}

void TransactionWorld::Read(Reader& reader) {
  const auto partition = static_cast<int32_t>(Below(kPartitions));
  const TopicPartition name = Name(partition);
  if (!reader.ledger->Owns(name) || reader.ledger->unsent() > 3) return;
  const int64_t first = reader.ledger->next_offset(name);
  if (first >= kOffsets) return;
  const int64_t next = std::min<int64_t>(kOffsets, first + 1 + static_cast<int64_t>(Below(4)));
  BatchInfo info = MakeInfo({first, next}, reader.ledger->epoch(name), name);
  info.origin = reader.origin;
  info.ack_endpoint = reader.endpoint;
  reader.ledger->Add(name, MakeBatch(info));
}

/// Some batches go astray, or leave in parts.
void TransactionWorld::Send(Reader& reader) {
  const auto frame = reader.ledger->NextToSend();
  if (!frame) return;
  const BatchInfo& info = frame->info();
  Writer& writer = writers_[targets_[info.partition]];
  const int64_t cut = OneIn(4) ? info.first_offset + 1 : info.next_offset;
  writer.link.push_back(std::make_shared<const Frame>(Slice(*frame, info.first_offset, cut)));
  if (cut < info.next_offset)
    writer.link.push_back(std::make_shared<const Frame>(Slice(*frame, cut, info.next_offset)));
}

void TransactionWorld::Hear(Reader& reader) {
  if (reader.inbox.empty()) return;
  const auto [from, word] = reader.inbox.front();
  reader.inbox.pop_front();
  const TopicPartition& partition = word.claim.partition;
  switch (word.kind) {
    case Word::Kind::kClaim:
      return HearClaim(reader, from, word);
    case Word::Kind::kTaken:
      return reader.claimants.Taken(partition, word.claim.epoch, word.id);
    case Word::Kind::kAck:
      return reader.ledger->Acknowledge(partition, word.claim.epoch, word.range);
    case Word::Kind::kNack:
      return reader.ledger->Nack(partition, word.claim.epoch, word.range, OneIn(4));
  }
}

void TransactionWorld::HearClaim(Reader& reader, size_t from, const Word& word) {
  const PartitionClaim& claim = word.claim;
  if (writers_[from].process != word.process) return;  // it is dead, and so is its connection
  auto& inbox = writers_[from].inbox[reader.endpoint];
  Message answer;
  answer.claim = claim;
  if (reader.ledger->Owns(claim.partition) &&
      reader.ledger->epoch(claim.partition) == claim.epoch) {
    Message group;
    group.kind = Message::Kind::kGroup;
    group.member = reader.member;
    inbox.push_back(group);
    answer.kind = Message::Kind::kGrant;
    answer.life = word.life;
    answer.earlier = reader.claimants.Claim(claim.partition, claim.epoch, word.id);
  }
  inbox.push_back(answer);
}

/// A partition goes to the other reader. Its owner gives it up before, or finds out later (LOST).
void TransactionWorld::Rebalance() {
  const auto partition = static_cast<int32_t>(Below(kPartitions));
  Reader& owner = readers_[OwnerOf(partition)];
  if (!owner.frozen && kafka_.Knows(owner.member)) GiveUp(owner, partition);
  ++kafka_.generation;
  owners_[partition] = Below(2);
  unassigned_.insert(partition);
  for (Reader& reader : readers_) {
    if (OneIn(2)) Notice(reader);
  }
}

/// A reader hears of the group's generation, and with it of what is its own no more.
void TransactionWorld::Notice(Reader& reader) {
  if (reader.frozen || kafka_.Knows(reader.member)) return;
  const auto self = static_cast<size_t>(&reader - readers_.data());
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    if (OwnerOf(partition) != self || unassigned_.contains(partition)) GiveUp(reader, partition);
  }
  Join(reader);
}

/// Its successor under the same instance has its partitions at once, in the same generation.
void TransactionWorld::KillReader(Reader& reader) {
  const auto self = static_cast<size_t>(&reader - readers_.data());
  kafka_.members.erase(reader.member.member_id);
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    if (OwnerOf(partition) == self) unassigned_.insert(partition);
  }
  StartReader(reader);
}

// The writers.

void TransactionWorld::StartWriter(Writer& writer) {
  writer.process = ++names_;
  writer.order = WriterOrder(true);
  writer.flow = std::make_unique<TransactionFlow>(writer.id, kInterval);
  writer.link.clear();
  writer.inbox.clear();
  writer.connected.clear();
  writer.step = Step::kNothing;
  writer.in_flight = 0;
  writer.frozen = false;
}

void TransactionWorld::KillWriter(Writer& writer) {
  StartWriter(writer);
  for (Reader& reader : readers_) reader.ledger->NackAll();
}

bool TransactionWorld::IsAlive(const std::string& endpoint) const {
  return std::ranges::any_of(readers_, [&](const auto& one) { return one.endpoint == endpoint; });
}

void TransactionWorld::Say(Writer& writer, Word::Kind kind, const PartitionClaim& claim,
                           OffsetRange range) {
  const auto self = static_cast<size_t>(&writer - writers_.data());
  for (Reader& reader : readers_) {
    if (reader.endpoint != claim.endpoint) continue;
    writer.connected.insert(reader.endpoint);
    reader.inbox.push_back(
        {self, {kind, writer.id, writer.process, writer.flow->life(), claim, range}});
  }
}

void TransactionWorld::Receive(Writer& writer) {
  if (writer.link.empty()) return;
  const FramePtr frame = std::move(writer.link.front());
  writer.link.pop_front();
  auto outcome = writer.order.Take(frame, now_);
  for (FramePtr& next : outcome.produce) writer.flow->Take(std::move(next), now_);
  for (const FramePtr& known : outcome.acknowledge) {
    const BatchInfo& info = known->info();
    Say(writer, Word::Kind::kAck,
        {std::string(info.ack_endpoint), Name(info.partition), info.epoch}, RangeOf(*known));
  }
}

void TransactionWorld::Listen(Writer& writer) {
  for (auto& [endpoint, inbox] : writer.inbox) {
    if (inbox.empty() || OneIn(2)) continue;
    const Message message = std::move(inbox.front());
    inbox.pop_front();
    if (message.kind == Message::Kind::kGroup) {
      writer.flow->OnGroup(endpoint, message.member);
    } else if (message.kind == Message::Kind::kGrant) {
      writer.flow->OnGrant(message.claim, message.life, "", message.earlier);
    } else {
      for (const Reader& reader : readers_) {
        if (reader.endpoint == endpoint)
          writer.order.Fence(reader.origin, message.claim.partition, message.claim.epoch);
      }
      writer.flow->OnFence(message.claim);
    }
  }
  for (const std::string& endpoint : writer.flow->AwaitedReaders()) {
    if (!IsAlive(endpoint)) writer.flow->OnGone(endpoint);
  }
}

/// What is said for what became of the frames.
void TransactionWorld::Report(Writer& writer) {
  for (const auto& claim : writer.flow->TakeClaims(now_)) Say(writer, Word::Kind::kClaim, claim);
  for (const auto& claim : writer.flow->TakeTaken()) Say(writer, Word::Kind::kTaken, claim);
  for (const FramePtr& frame : writer.flow->TakeDropped()) writer.order.Dropped(*frame);
  for (const FramePtr& frame : writer.flow->TakeDone()) {
    writer.order.Done(*frame, now_);
    const BatchInfo& info = frame->info();
    Say(writer, Word::Kind::kAck,
        {std::string(info.ack_endpoint), Name(info.partition), info.epoch}, RangeOf(*frame));
  }
}

void TransactionWorld::Proceed(Writer& writer) {
  if (writer.in_flight > 0 && OneIn(2)) {
    writer.in_flight = 0;
    if (OneIn(20)) writer.flow->MustAbort();  // one of them was refused
  }
  writer.step == Step::kNothing ? Start(writer) : Finish(writer);
}

void TransactionWorld::Start(Writer& writer) {
  const Step step = writer.flow->Next(now_, writer.in_flight);
  switch (step) {
    case Step::kNothing:
      return;
    case Step::kBegin:
      return;
    case Step::kProduce: {
      const auto [frame, from] = writer.flow->NextFrame();
      if (kafka_.IsFenced(writer.id, writer.life)) return writer.flow->OnLost();
      auto& open = kafka_.open[writer.id];
      open.life = writer.life;
      for (const int64_t offset : OffsetsOf(*frame)) {
        if (offset >= from) open.records.push_back({frame->info().partition, offset});
      }
      writer.in_flight += frame->record_count();
      return;
    }
    default:
      writer.step = step;
      writer.offsets_sent = false;
  }
}

/// The step that is under way comes to its end, and takes its time.
void TransactionWorld::Finish(Writer& writer) {
  if (OneIn(3)) return;
  if (writer.step == Step::kTakeOver) return FinishTakeover(writer);
  if (writer.step == Step::kCommit) return FinishCommit(writer);
  const Step step = std::exchange(writer.step, Step::kNothing);
  if (step == Step::kOpen) {
    writer.life = kafka_.Init(writer.id);
    writer.flow->OnOpened();
  } else {
    const bool fenced = kafka_.IsFenced(writer.id, writer.life);
    if (!fenced) kafka_.open.erase(writer.id);
    writer.flow->OnAborted(!fenced && !OneIn(10));
  }
}

void TransactionWorld::FinishTakeover(Writer& writer) {
  const auto& takeover = writer.flow->takeover();
  for (const std::string& id : takeover.fence) kafka_.Init(id);
  std::map<GroupPartition, int64_t> committed;
  for (const auto& [one, topic_id] : takeover.partitions) {
    const int32_t partition = one.partition.partition;
    if (!kafka_.IsStable(partition)) return;  // and asks again
    const auto offset = kafka_.committed.find(partition);
    if (offset != kafka_.committed.end()) committed[one] = offset->second;
  }
  writer.step = Step::kNothing;
  writer.flow->OnTakenOver(committed);
}

void TransactionWorld::FinishCommit(Writer& writer) {
  using Outcome = TransactionFlow::Outcome;
  const auto end = [&](Outcome outcome, const std::optional<std::string>& refused) {
    writer.step = Step::kNothing;
    writer.flow->OnCommitted(outcome, refused);
  };
  if (kafka_.IsFenced(writer.id, writer.life)) return end(Outcome::kLost, std::nullopt);
  if (!writer.offsets_sent) {
    for (const auto& offsets : writer.flow->offsets()) {
      if (!kafka_.Knows(offsets.member)) return end(Outcome::kAbort, offsets.endpoint);
      for (const auto& [partition, offset] : offsets.offsets)
        kafka_.open[writer.id].offsets[partition.partition] = offset;
    }
    writer.offsets_sent = true;
    return;  // it may be frozen here
  }
  if (OneIn(20)) return end(Outcome::kLost, std::nullopt);  // the broker never saw it
  kafka_.Commit(writer.id);
  end(OneIn(8) ? Outcome::kLost : Outcome::kDone, std::nullopt);
}

/// As a writer that finds that it was frozen.
void TransactionWorld::StartOver(Writer& writer) {
  auto dropped = writer.flow->Abandon();
  writer.step = Step::kNothing;
  writer.in_flight = 0;
  Report(writer);
  for (FramePtr& held : writer.order.Abandon()) dropped.push_back(std::move(held));
  for (FramePtr& unread : writer.link) dropped.push_back(std::move(unread));
  writer.link.clear();
  for (const FramePtr& frame : dropped) {
    const BatchInfo& info = frame->info();
    Say(writer, Word::Kind::kNack,
        {std::string(info.ack_endpoint), Name(info.partition), info.epoch}, RangeOf(*frame));
  }
}

}  // namespace rk
