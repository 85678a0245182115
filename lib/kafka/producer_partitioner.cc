#include "lib/kafka/producer_partitioner.h"

#include "lib/base/error.h"
#include "lib/kafka/handle.h"

namespace rk {

Partitioner::Partitioner(const std::string& name) {
  constexpr std::string_view kRandom = "_random";
  without_key_at_random_ = name == "random" || name.ends_with(kRandom);
  empty_key_at_random_ = name == "consistent_random";
  const std::string hash = name.substr(0, name.rfind(kRandom));
  if (hash == "random") {
    hash_ = Hash::kNone;
  } else if (hash == "consistent") {
    hash_ = Hash::kCrc32;
  } else if (hash == "murmur2") {
    hash_ = Hash::kMurmur2;
  } else if (hash == "fnv1a") {
    hash_ = Hash::kFnv1a;
  } else {
    throw Error(ErrorKind::kConfiguration, "property partitioner: '" + name + "' is not known");
  }
}

int32_t Partitioner::Choose(std::optional<std::string_view> key, int32_t partitions) const {
  const bool at_random = hash_ == Hash::kNone || (!key && without_key_at_random_) ||
                         (key && key->empty() && empty_key_at_random_);
  if (at_random) return static_cast<int32_t>(draw_ % static_cast<uint32_t>(partitions));
  // These three look at nothing but the key and the number of partitions.
  const std::string_view bytes = key.value_or(std::string_view(""));
  switch (hash_) {
    case Hash::kCrc32:
      return rd_kafka_msg_partitioner_consistent(nullptr, bytes.data(), bytes.size(), partitions,
                                                 nullptr, nullptr);
    case Hash::kFnv1a:
      return rd_kafka_msg_partitioner_fnv1a(nullptr, bytes.data(), bytes.size(), partitions,
                                            nullptr, nullptr);
    default:
      return rd_kafka_msg_partitioner_murmur2(nullptr, bytes.data(), bytes.size(), partitions,
                                              nullptr, nullptr);
  }
}

}  // namespace rk
