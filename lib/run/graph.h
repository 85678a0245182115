#pragma once

#include <string>
#include <vector>

#include "lib/run/pipeline.h"

namespace rk {

/// A pipeline as boxes and arrows.
struct Graph {
  enum class Kind { kTopic, kStage, kQueue, kDeadLetters };
  struct Node {
    std::string id;  ///< of letters, digits and '_'
    Kind kind = Kind::kStage;
    std::vector<std::string> lines;  ///< what stands in it; the first is its name
    size_t column = 0;               ///< in the order of the flow, from 0
  };
  struct Edge {
    std::string from;
    std::string to;
    std::string label;    ///< empty: none
    bool failed = false;  ///< the way of records that fail
  };

  std::string name;
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

/// Of a pipeline that ResolvePipeline() has been through: its topics, stages with how many replicas
/// they have and which machines run them, the queues before those that may be several, and the dead
/// letters. Pure, as is what follows.
Graph GraphOf(const Pipeline& pipeline);

/// For Graphviz.
std::string GraphDot(const Graph& graph);
/// A flowchart for Mermaid, which hosts of code draw in a README.
std::string GraphMermaid(const Graph& graph);
/// A picture, in one column for each step of the flow; light or dark as its viewer is.
std::string GraphSvg(const Graph& graph);

/// In the form "dot", "mermaid" or "svg".
std::string GraphText(const Graph& graph, const std::string& form);

}  // namespace rk
