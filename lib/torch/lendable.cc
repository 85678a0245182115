#include "lib/torch/lendable.h"

#include <algorithm>

#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/ir/ir.h>

namespace rk {
namespace {

using torch::jit::Block;
using torch::jit::Node;

// Freezing has inlined what can be: a call that is left is of something else.
bool IsHarmless(const Node& node) {
  namespace prim = c10::prim;
  switch (node.kind()) {
    case prim::SetAttr:
    case prim::CallFunction:
    case prim::CallMethod:
    case prim::PythonOp:
    case prim::fork:
    case prim::awaitable:
      return false;
    default:
      return node.maybeSchema() == nullptr || !node.maybeSchema()->is_mutable();
  }
}

bool IsHarmless(const Block& block) {
  return std::all_of(block.nodes().begin(), block.nodes().end(), [](const Node* node) {
    return IsHarmless(*node) && std::all_of(node->blocks().begin(), node->blocks().end(),
                                            [](const Block* inner) { return IsHarmless(*inner); });
  });
}

}  // namespace

std::vector<bool> LendableArguments(const torch::jit::Module& module) {
  const auto graph = module.get_method("forward").graph();
  std::vector<bool> lendable(graph->inputs().size() - 1, false);
  if (!IsHarmless(*graph->block())) return lendable;
  const torch::jit::AliasDb aliases(graph);
  for (size_t i = 0; i < lendable.size(); ++i) {
    lendable[i] = !aliases.mayContainAlias(graph->inputs()[i + 1], graph->outputs());
  }
  return lendable;
}

}  // namespace rk
