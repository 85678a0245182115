#include "lib/run/graph.h"

#include <filesystem>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/run/spread.h"

namespace rk {
namespace {

std::string ReplicasOf(const StageSpec& stage) {
  if (stage.per_partition) return "one for each partition";
  if (stage.max == 1) return "";
  if (stage.min == stage.max) return fmt::format("{} replicas", stage.max);
  return fmt::format("{} to {} replicas", stage.min, stage.max);
}

std::string HostsOf(const StageSpec& stage) {
  if (!MayRunElsewhere(stage)) return "";
  return stage.hosts == Hosts::kOthers ? "on other machines" : "here and on other machines";
}

// Between these is a queue, which is on the machine with the ends.
bool MayBeSeveral(const StageSpec& stage) { return stage.parallel() || MayRunElsewhere(stage); }

class Builder {
 public:
  explicit Builder(const Pipeline& pipeline) : pipeline_(pipeline) { graph_.name = pipeline.name; }

  Graph Build() {
    const StageSpec& reader = pipeline_.stages.front();
    std::vector<std::string> inputs = reader.options.values("--topic");
    if (inputs.empty()) inputs = {reader.options.value("--from")};
    for (const std::string& input : inputs) Add(Graph::Kind::kTopic, "topic", {input});
    const size_t topics = graph_.nodes.size();
    for (size_t i = 0; i < pipeline_.stages.size(); ++i) AddStage(i);
    const std::string group = reader.options.value("group");
    for (size_t i = 0; i < topics; ++i) {
      graph_.edges.insert(
          graph_.edges.begin() + static_cast<ptrdiff_t>(i),
          {graph_.nodes[i].id, graph_.nodes[topics].id, group.empty() ? "" : "group " + group});
    }
    AddOutputs();
    return std::move(graph_);
  }

 private:
  const std::string& Add(Graph::Kind kind, std::string_view id, std::vector<std::string> lines) {
    graph_.nodes.push_back(
        {fmt::format("{}{}", id, graph_.nodes.size()), kind, std::move(lines), column_});
    return graph_.nodes.back().id;
  }

  void Join(const std::string& from, const std::string& to) {
    graph_.edges.push_back({from, to, "", false});
  }

  void AddStage(size_t number) {
    const StageSpec& stage = pipeline_.stages[number];
    if (number > 0 && (MayBeSeveral(stage) || MayBeSeveral(pipeline_.stages[number - 1]))) {
      ++column_;
      const std::string queue = Add(Graph::Kind::kQueue, "queue", {"queue"});
      Join(last_, queue);
      last_ = queue;
    }
    ++column_;
    std::vector<std::string> lines = {stage.name, stage.tool()};
    const std::string model = stage.options.value("--model");
    if (!model.empty()) lines.back() += " " + std::filesystem::path(model).filename().string();
    if (const std::string replicas = ReplicasOf(stage); !replicas.empty())
      lines.push_back(replicas);
    if (const std::string hosts = HostsOf(stage); !hosts.empty()) lines.push_back(hosts);
    const std::string id = Add(Graph::Kind::kStage, "stage", std::move(lines));
    if (number > 0) Join(last_, id);
    last_ = id;
  }

  void AddOutputs() {
    ++column_;
    const StageSpec& writer = pipeline_.stages.back();
    const std::vector<std::string> topics = writer.options.values("written_topics");
    const std::string output = topics.empty() ? "standard output" : topics.front();
    Join(last_, Add(Graph::Kind::kTopic, "topic", {output}));
    if (topics.size() < 2) return;
    graph_.edges.push_back(
        {last_, Add(Graph::Kind::kDeadLetters, "topic", {topics.back()}), "failed", true});
  }

  const Pipeline& pipeline_;
  Graph graph_;
  size_t column_ = 0;
  std::string last_;  ///< the node that the flow has come to
};

std::string Replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string replaced;
  for (const char byte : text) {
    if (what.find(byte) != std::string_view::npos) replaced += by;
    replaced += byte;
  }
  return replaced;
}

std::string DotLabel(const Graph::Node& node) {
  std::vector<std::string> lines;
  for (const std::string& line : node.lines) lines.push_back(Replaced(line, "\"\\", "\\"));
  return fmt::format("{}", fmt::join(lines, "\\n"));
}

// Mermaid's labels are HTML, and its own way to write a character that means something is #34;.
std::string MermaidText(std::string_view text) {
  std::string escaped;
  for (const char byte : text) {
    if (std::string_view("\"#<>&|`").find(byte) == std::string_view::npos) {
      escaped += byte;
    } else {
      escaped += fmt::format("#{};", static_cast<int>(byte));
    }
  }
  return escaped;
}

std::string MermaidNode(const Graph::Node& node) {
  std::vector<std::string> lines;
  for (const std::string& line : node.lines) lines.push_back(MermaidText(line));
  const std::string label = fmt::format("\"{}\"", fmt::join(lines, "<br/>"));
  switch (node.kind) {
    case Graph::Kind::kStage:
      return fmt::format("{}[{}]", node.id, label);
    case Graph::Kind::kQueue:
      return fmt::format("{}([{}])", node.id, label);
    default:
      return fmt::format("{}[({})]", node.id, label);
  }
}

}  // namespace

Graph GraphOf(const Pipeline& pipeline) { return Builder(pipeline).Build(); }

std::string GraphDot(const Graph& graph) {
  std::string text = fmt::format(
      "digraph \"{}\" {{\n  rankdir=LR\n  node [shape=box fontname=\"sans-serif\"]\n"
      "  edge [fontname=\"sans-serif\" fontsize=10]\n",
      Replaced(graph.name, "\"\\", "\\"));
  for (const Graph::Node& node : graph.nodes) {
    const std::string_view shape = node.kind == Graph::Kind::kStage   ? ""
                                   : node.kind == Graph::Kind::kQueue ? " style=rounded"
                                                                      : " shape=cylinder";
    text += fmt::format("  {} [label=\"{}\"{}]\n", node.id, DotLabel(node), shape);
  }
  for (const Graph::Edge& edge : graph.edges) {
    text += fmt::format("  {} -> {} [label=\"{}\"{}]\n", edge.from, edge.to,
                        Replaced(edge.label, "\"\\", "\\"), edge.failed ? " style=dashed" : "");
  }
  return text + "}\n";
}

std::string GraphMermaid(const Graph& graph) {
  std::string text = "flowchart LR\n";
  for (const Graph::Node& node : graph.nodes) text += "    " + MermaidNode(node) + "\n";
  for (const Graph::Edge& edge : graph.edges) {
    const std::string label =
        edge.label.empty() ? "" : fmt::format("|\"{}\"|", MermaidText(edge.label));
    text +=
        fmt::format("    {} {}{} {}\n", edge.from, edge.failed ? "-.->" : "-->", label, edge.to);
  }
  return text;
}

std::string GraphText(const Graph& graph, const std::string& form) {
  if (form == "mermaid") return GraphMermaid(graph);
  return form == "svg" ? GraphSvg(graph) : GraphDot(graph);
}

}  // namespace rk
