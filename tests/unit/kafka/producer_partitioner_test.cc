#include "lib/kafka/producer_partitioner.h"

#include <set>

#include <catch2/catch.hpp>

#include "lib/base/error.h"

using rk::Partitioner;

TEST_CASE("keys go where a Java producer sends them") {
  // Hashes from the tests of Kafka's own murmur2; the partition is the positive hash modulo the
  // number of partitions.
  const Partitioner partitioner("murmur2_random");
  constexpr int32_t kPartitions = 1'000'003;
  const auto expected = [](int32_t hash) { return (hash & 0x7fffffff) % kPartitions; };
  CHECK(partitioner.Choose("21", kPartitions) == expected(-973932308));
  CHECK(partitioner.Choose("foobar", kPartitions) == expected(-790332482));
  CHECK(partitioner.Choose("a-little-bit-long-string", kPartitions) == expected(-985981536));
  CHECK(partitioner.Choose("abc", kPartitions) == expected(479470107));
}

TEST_CASE("records without a key share a partition in a batch, and batches spread over all") {
  Partitioner partitioner("murmur2_random");
  std::set<int32_t> seen;
  for (int batch = 0; batch < 200; ++batch) {
    partitioner.StartBatch();
    const int32_t partition = partitioner.Choose(std::nullopt, 4);
    CHECK(partitioner.Choose(std::nullopt, 4) == partition);
    seen.insert(partition);
  }
  CHECK(seen == std::set<int32_t>{0, 1, 2, 3});
}

TEST_CASE("an empty key is a key") {
  Partitioner partitioner("murmur2_random");
  std::set<int32_t> seen;
  for (int batch = 0; batch < 50; ++batch) {
    partitioner.StartBatch();
    seen.insert(partitioner.Choose("", 64));
  }
  CHECK(seen.size() == 1);
}

TEST_CASE("every partitioner of librdkafka is known, and no other") {
  for (const char* name : {"random", "consistent", "consistent_random", "murmur2", "murmur2_random",
                           "fnv1a", "fnv1a_random"}) {
    INFO(name);
    const int32_t partition = Partitioner(name).Choose("key", 5);
    CHECK(partition >= 0);
    CHECK(partition < 5);
  }
  CHECK_THROWS_AS(Partitioner("roundrobin"), rk::Error);
  CHECK_THROWS_AS(Partitioner("_random"), rk::Error);
}

TEST_CASE("the three hashes differ") {
  const int32_t consistent = Partitioner("consistent").Choose("key", 1'000'003);
  const int32_t murmur2 = Partitioner("murmur2").Choose("key", 1'000'003);
  const int32_t fnv1a = Partitioner("fnv1a").Choose("key", 1'000'003);
  CHECK(std::set<int32_t>{consistent, murmur2, fnv1a}.size() == 3);
}
