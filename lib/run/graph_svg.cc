#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "lib/run/graph.h"

namespace rk {
namespace {

// All in pixels.
constexpr double kMargin = 16;
constexpr double kLetter = 7.4;  // of the widest usual sans-serif at 13 px
constexpr double kPadding = 14;
constexpr double kLine = 18;
constexpr double kBetweenRows = 28;
constexpr double kArrow = 44;  // the least between two columns
constexpr double kLabelLetter = 6.4;
constexpr double kCap = 7;  // of a cylinder

constexpr std::string_view kStyle =
    "<style>\n"
    "  text { font: 13px sans-serif; fill: #1f2328; text-anchor: middle }\n"
    "  .name { font-weight: bold } .label { font-size: 11px; fill: #59636e }\n"
    "  .stage { fill: #ddf4ff } .topic { fill: #fff8c5 } .queue { fill: #f6f8fa }\n"
    "  .dead { fill: #ffebe9 }\n"
    "  .stage, .topic, .queue, .dead, .arrow { stroke: #59636e }\n"
    "  .arrow { fill: none; stroke-width: 1.5 } .failed { stroke-dasharray: 5 4 }\n"
    "  #head path { fill: #59636e }\n"
    "  @media (prefers-color-scheme: dark) {\n"
    "    text { fill: #e6edf3 } .label { fill: #9198a1 }\n"
    "    .stage { fill: #0c2d6b } .topic { fill: #4b2900 } .queue { fill: #21262d }\n"
    "    .dead { fill: #67060c }\n"
    "    .stage, .topic, .queue, .dead, .arrow { stroke: #9198a1 } #head path { fill: #9198a1 }\n"
    "  }\n"
    "</style>\n"
    "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" "
    "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>\n";

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;

  double middle() const { return y + height / 2; }
};

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char byte : text) {
    if (byte == '&') {
      escaped += "&amp;";
    } else if (byte == '<') {
      escaped += "&lt;";
    } else if (byte == '"') {
      escaped += "&quot;";
    } else {
      escaped += byte;
    }
  }
  return escaped;
}

bool IsTopic(const Graph::Node& node) {
  return node.kind == Graph::Kind::kTopic || node.kind == Graph::Kind::kDeadLetters;
}

// Characters, not bytes.
double Letters(std::string_view text) {
  return static_cast<double>(
      std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

// Columns of boxes from left to right, each around one line.
class Layout {
 public:
  explicit Layout(const Graph& graph) : graph_(graph) {
    const size_t columns = graph.nodes.back().column + 1;
    double x = kMargin;
    for (size_t column = 0; column < columns; ++column) x = Place(column, x);
    width_ = x + kMargin;
    Centre(columns);
  }

  std::string Draw() const {
    std::string text = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\">\n<title>{2}</title>\n{3}",
        width_, height_, Escaped(graph_.name), kStyle);
    for (const Graph::Edge& edge : graph_.edges) text += DrawEdge(edge);
    for (const Graph::Node& node : graph_.nodes) text += DrawNode(node);
    return text + "</svg>\n";
  }

 private:
  // One under the other; returns where the column ends.
  double Place(size_t column, double x) {
    double width = 0;
    double y = 0;
    for (const Graph::Node& node : graph_.nodes) {
      if (node.column != column) continue;
      if (column > 0 && y == 0) x += GapBefore(column);
      Box& box = boxes_[node.id];
      for (const std::string& line : node.lines)
        box.width = std::max(box.width, Letters(line) * kLetter + 2 * kPadding);
      box.height = static_cast<double>(node.lines.size()) * kLine + 2 * kPadding - 8 +
                   (IsTopic(node) ? kCap : 0);
      box.x = x;
      box.y = y;
      y += box.height + kBetweenRows;
      width = std::max(width, box.width);
    }
    for (const Graph::Node& node : graph_.nodes) {
      if (node.column == column) boxes_[node.id].width = width;
    }
    heights_.push_back(y - kBetweenRows);
    return x + width;
  }

  // Room for the labels of the arrows that end in it.
  double GapBefore(size_t column) const {
    double gap = kArrow;
    for (const Graph::Edge& edge : graph_.edges) {
      const auto to = std::ranges::find(graph_.nodes, edge.to, &Graph::Node::id);
      if (to->column == column) gap = std::max(gap, Letters(edge.label) * kLabelLetter + 28);
    }
    return gap;
  }

  void Centre(size_t columns) {
    const double tallest = *std::ranges::max_element(heights_);
    height_ = tallest + 2 * kMargin;
    for (const Graph::Node& node : graph_.nodes) {
      if (node.column < columns)
        boxes_[node.id].y += kMargin + (tallest - heights_[node.column]) / 2;
    }
  }

  std::string DrawEdge(const Graph::Edge& edge) const {
    const Box& from = boxes_.at(edge.from);
    const Box& to = boxes_.at(edge.to);
    const double begin = from.x + from.width;
    const double bend = (begin + to.x) / 2;
    std::string text = fmt::format(
        "<path class=\"arrow{}\" marker-end=\"url(#head)\" d=\"M{:.1f} {:.1f} C{:.1f} {:.1f} "
        "{:.1f} "
        "{:.1f} {:.1f} {:.1f}\"/>\n",
        edge.failed ? " failed" : "", begin, from.middle(), bend, from.middle(), bend, to.middle(),
        to.x, to.middle());
    if (edge.label.empty()) return text;
    // Beside the end where several meet no other.
    const double y = from.middle() == to.middle()  ? from.middle() - 6
                     : to.middle() > from.middle() ? std::max(from.middle(), to.middle()) + 14
                                                   : std::min(from.middle(), to.middle()) - 6;
    return text + fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", bend,
                              y, Escaped(edge.label));
  }

  std::string DrawNode(const Graph::Node& node) const {
    const Box& box = boxes_.at(node.id);
    std::string text = IsTopic(node) ? DrawCylinder(node, box) : DrawRectangle(node, box);
    double y = box.y + kPadding + 9 + (IsTopic(node) ? kCap : 0);
    for (const std::string& line : node.lines) {
      text += fmt::format("<text{} x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
                          &line == &node.lines.front() ? " class=\"name\"" : "",
                          box.x + box.width / 2, y, Escaped(line));
      y += kLine;
    }
    return text;
  }

  static std::string DrawRectangle(const Graph::Node& node, const Box& box) {
    const bool queue = node.kind == Graph::Kind::kQueue;
    return fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
        "rx=\"{:.1f}\"/>\n",
        queue ? "queue" : "stage", box.x, box.y, box.width, box.height,
        queue ? box.height / 2 : 6.0);
  }

  static std::string DrawCylinder(const Graph::Node& node, const Box& box) {
    const double half = box.width / 2;
    return fmt::format(
        "<path class=\"{0}\" d=\"M{1:.1f} {2:.1f} v{3:.1f} a{4:.1f} {5:.1f} 0 0 0 {6:.1f} 0 "
        "v-{3:.1f} a{4:.1f} {5:.1f} 0 0 0 -{6:.1f} 0 a{4:.1f} {5:.1f} 0 0 0 {6:.1f} 0\"/>\n",
        node.kind == Graph::Kind::kDeadLetters ? "dead" : "topic", box.x, box.y + kCap,
        box.height - 2 * kCap, half, kCap, box.width);
  }

  const Graph& graph_;
  std::map<std::string, Box> boxes_;
  std::vector<double> heights_;  ///< of the columns
  double width_ = 0;
  double height_ = 0;
};

}  // namespace

std::string GraphSvg(const Graph& graph) { return Layout(graph).Draw(); }

}  // namespace rk
