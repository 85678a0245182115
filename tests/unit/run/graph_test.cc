#include "lib/run/graph.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "lib/run/resolve.h"
#include "tests/unit/run/fake_tools.h"

namespace rk {
namespace {

Graph Draw(const std::string& line, const std::vector<std::string>& replicas = {}) {
  Pipeline pipeline =
      ParsePipelineLine(line, [](const std::string&) { return std::optional<std::string>(); });
  for (const std::string& text : replicas) ApplyReplicas(pipeline, text);
  pipeline.name = "p";
  return GraphOf(ResolvePipeline(pipeline, FakeTools));
}

// The names along the arrows, but for what failed.
std::vector<std::string> Flow(const Graph& graph) {
  std::vector<std::string> names;
  const auto name = [&](const std::string& id) {
    return std::ranges::find(graph.nodes, id, &Graph::Node::id)->lines.front();
  };
  for (const Graph::Edge& edge : graph.edges) {
    if (!edge.failed) names.push_back(name(edge.from) + ">" + name(edge.to));
  }
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("a graph leads from topic to topic") {
  CHECK(Flow(Draw("rk-read -t in -G g | rk-map --stamp | rk-write -t out")) ==
        Names{"in>read", "read>map", "map>write", "write>out"});
}

TEST_CASE("a graph has a queue wherever either side is several") {
  CHECK(Flow(Draw("rk-read -t in -G g | rk-map --stamp | rk-write -t out", {"map=2"})) ==
        Names{"in>read", "read>queue", "queue>map", "map>queue", "queue>write", "write>out"});
}

TEST_CASE("a graph says which stages other machines run, and has the queues that they need") {
  Pipeline pipeline =
      ParsePipelineLine("rk-read -t in -G g | rk-map --stamp | rk-write -t out",
                        [](const std::string&) { return std::optional<std::string>(); });
  pipeline.stages[1].hosts = Hosts::kOthers;
  const Graph graph = GraphOf(ResolvePipeline(pipeline, FakeTools));
  CHECK(Flow(graph) ==
        Names{"in>read", "read>queue", "queue>map", "map>queue", "queue>write", "write>out"});
  const auto map = std::ranges::find_if(
      graph.nodes, [](const Graph::Node& node) { return node.lines.front() == "map"; });
  CHECK(map->lines == Names{"map", "rk-map", "on other machines"});
  pipeline.stages[1].hosts = Hosts::kAny;
  CHECK_THAT(GraphText(GraphOf(ResolvePipeline(pipeline, FakeTools)), "dot"),
             Catch::Contains("here and on other machines"));
}

TEST_CASE("a graph has each topic that is read") {
  const Graph graph = Draw("rk-read -t a -t b -G g | rk-write -t out");
  CHECK(Flow(graph) == Names{"a>read", "b>read", "read>write", "write>out"});
  CHECK(graph.edges[1].label == "group g");
}

TEST_CASE("names cannot break out of a drawing") {
  Graph graph;
  graph.name = "a\"b";
  graph.nodes = {{"n0", Graph::Kind::kTopic, {"<x>\"&"}, 0}, {"n1", Graph::Kind::kStage, {"y"}, 1}};
  graph.edges = {{"n0", "n1", "|", false}};
  CHECK(GraphText(graph, "dot").find("label=\"<x>\\\"&\"") != std::string::npos);
  CHECK(GraphText(graph, "mermaid") ==
        "flowchart LR\n    n0[(\"#60;x#62;#34;#38;\")]\n    n1[\"y\"]\n"
        "    n0 -->|\"#124;\"| n1\n");
  CHECK(GraphText(graph, "svg").find(">&lt;x>&quot;&amp;</text>") != std::string::npos);
}

}  // namespace
}  // namespace rk
