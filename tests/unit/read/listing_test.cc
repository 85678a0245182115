#include "lib/read/listing.h"

#include <catch2/catch.hpp>

namespace rk {
namespace {

ClusterDescription Cluster() {
  ClusterDescription cluster;
  cluster.id = "c-1";
  cluster.controller = 2;
  cluster.brokers = {{1, "a:9092"}, {2, "b:9092"}};
  cluster.partitions = {{{"in", 0}, 1, {1, 2}, {1}, 5, 20},
                        {{"in", 1}, -1, {2}, {}, std::nullopt, std::nullopt},
                        {{"out", 0}, 2, {2}, {2}, 0, 0}};
  cluster.groups = {{"g", "Stable", {{{"in", 0}, 8}, {{"in", 1}, 3}}},
                    {"late", "", {{{"in", 0}, 30}}}};
  return cluster;
}

TEST_CASE("a listing names brokers, topics with their offsets, and groups with their lag") {
  CHECK(ListingText(Cluster()) ==
        "cluster c-1:\n"
        " 2 brokers:\n"
        "  broker 1 at a:9092\n"
        "  broker 2 at b:9092 (controller)\n"
        " 2 topics:\n"
        "  topic \"in\" with 2 partitions:\n"
        "    partition 0, leader 1, replicas: 1,2, isrs: 1, offsets: 5 to 20\n"
        "    partition 1, leader -1, replicas: 2, isrs: , offsets: ? to ?\n"
        "  topic \"out\" with 1 partitions:\n"
        "    partition 0, leader 2, replicas: 2, isrs: 2, offsets: 0 to 0\n"
        " 2 groups:\n"
        "  group \"g\" is Stable, lag 12:\n"
        "    topic \"in\" partition 0, committed 8, lag 12\n"
        "    topic \"in\" partition 1, committed 3, lag ?\n"
        "  group \"late\", lag 0:\n"
        "    topic \"in\" partition 0, committed 30, lag 0\n");
}

TEST_CASE("a listing in JSON has the same, and null for what nobody says") {
  CHECK(
      ListingJson(Cluster()) ==
      R"({"clusterid":"c-1","controllerid":2,)"
      R"("brokers":[{"id":1,"name":"a:9092"},{"id":2,"name":"b:9092"}],)"
      R"("topics":[{"topic":"in","partitions":[)"
      R"({"partition":0,"leader":1,"replicas":[{"id":1},{"id":2}],"isrs":[{"id":1}],"low":5,"high":20},)"
      R"({"partition":1,"leader":-1,"replicas":[{"id":2}],"isrs":[],"low":null,"high":null}]},)"
      R"({"topic":"out","partitions":[)"
      R"({"partition":0,"leader":2,"replicas":[{"id":2}],"isrs":[{"id":2}],"low":0,"high":0}]}],)"
      R"("groups":[{"group":"g","state":"Stable","lag":12,"partitions":[)"
      R"({"topic":"in","partition":0,"committed":8,"lag":12},)"
      R"({"topic":"in","partition":1,"committed":3,"lag":null}]},)"
      R"({"group":"late","state":"","lag":0,"partitions":[)"
      R"({"topic":"in","partition":0,"committed":30,"lag":0}]}]})"
      "\n");
}

}  // namespace
}  // namespace rk
