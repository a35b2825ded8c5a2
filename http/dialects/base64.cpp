#include "http/dialects/base64.hpp"

#include "http/dialects/openai/json_values.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace synapse::http::detail {

namespace {
std::size_t padding_of(std::string_view text) noexcept {
  return text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
}
} // namespace

void append_base64(std::string& out, std::string_view bytes) {
  const auto at = out.size();
  out.resize(at + (bytes.size() + 2) / 3 * 4 + 1); // EVP_EncodeBlock ends it with a NUL
  const auto written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + at),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
  out.resize(at + static_cast<std::size_t>(written));
}

bool append_decoded(std::string& out, std::string_view text) {
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (text.empty())
    return true;
  if (!is_base64(text) || text.size() > most)
    return false;
  const auto at = out.size();
  out.resize(at + text.size() / 4 * 3);
  const auto written = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data() + at),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
  // What padding stands for is written as zeros, and counted.
  out.resize(at + static_cast<std::size_t>(std::max(written, 0)));
  if (written >= 0)
    out.resize(out.size() - padding_of(text));
  return written >= 0;
}

} // namespace synapse::http::detail
