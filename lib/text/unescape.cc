#include "lib/text/unescape.h"

#include <cstdlib>

namespace rk {

std::string Unescape(std::string_view text) {
  std::string plain;
  const std::string copy(text);  // strtoul wants an end
  for (const char* at = copy.c_str(); *at != 0; ++at) {
    if (*at != '\\' || at[1] == 0) {
      plain += *at;
      continue;
    }
    ++at;
    const bool hexadecimal = *at == 'x';
    if (hexadecimal || (*at >= '0' && *at <= '9')) {
      if (hexadecimal) ++at;
      char* end = nullptr;
      plain += static_cast<char>(std::strtoul(at, &end, hexadecimal ? 16 : 0));
      at = end - 1;
    } else {
      plain += *at == 'n' ? '\n' : *at == 't' ? '\t' : *at == 'r' ? '\r' : *at;
    }
  }
  return plain;
}

}  // namespace rk
