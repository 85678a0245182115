#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/infer/backend.h"
#include "lib/infer/input_spec.h"

namespace rk {

/// What goes into each of a model's arguments: an input of tokens goes into those that have a name
/// of theirs (`input_ids`, `attention_mask`, `token_type_ids`, and what else is customary), each
/// with that part of the tokens and as its dtype; the other inputs into the other arguments, in
/// order. Where no argument has such a name, the one in the input's place takes the ids. Inputs
/// without tokens are returned as they are. The first of the tokens' keeps the fields. Throws
/// Error(kConfiguration) if two inputs are of tokens, or the model names none of its arguments.
std::vector<Input> ExpandTokens(const std::vector<Input>& inputs,
                                std::span<const Argument> arguments);

/// The input of tokens that has the fields, or nullptr.
const Input* FindTokens(std::span<const Input> inputs);

}  // namespace rk
