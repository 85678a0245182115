#pragma once

#include <cstddef>
#include <cstdint>

/// What rk-infer and librk-tokens.so have in common: a C interface, since the module is Hugging
/// Face's tokenizers, in Rust (lib/tokens).
// NOLINTBEGIN(readability-identifier-naming): names of C
extern "C" {

/// The version of this interface: raised with each change of it.
extern const uint32_t rk_tokens_abi;

/// A tokenizer.
struct rk_tokens;

/// What its file says of itself.
struct rk_tokens_about {
  uint32_t pad_id;
  uint32_t pad_type_id;
  bool pads_left;
  size_t special;  ///< how many tokens it adds to a text, or to two
};

/// UTF-8.
struct rk_tokens_text {
  const char* data;
  size_t size;
};

/// Where an error's message goes: cut to `size` bytes, with the NUL behind it.
struct rk_tokens_message {
  char* data;
  size_t size;
};

/// Reads a tokenizer.json for texts, or pairs of texts, of at most `length` tokens. nullptr and a
/// message if it is none. If `length` is not larger than about->special, the tokenizer can only be
/// closed. Any thread.
rk_tokens* rk_tokens_open(const char* file, size_t length, bool pairs, rk_tokens_about* about,
                          rk_tokens_message* error);

/// The tokens of one text, or of two, with the special ones, cut to the length. `ids` and `types`
/// have room for as many. Returns how many they are; -1 and a message if there is something that
/// it has no token for. Any thread, also several at once.
ptrdiff_t rk_tokens_encode(const rk_tokens* tokens, const rk_tokens_text* texts, size_t count,
                           uint32_t* ids, uint32_t* types, rk_tokens_message* error);

void rk_tokens_close(rk_tokens* tokens);
}
// NOLINTEND(readability-identifier-naming)
