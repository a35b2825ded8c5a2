/// @file
/// Internal: the JSON parser of the calling thread.
#pragma once

#include "http/core/json/json_body.hpp"

#include <simdjson.h>

#include <cstddef>
#include <memory>
#include <string_view>

namespace synapse::http::detail {

/// Lends the thread's parser for one document. Its memory stays for the next one unless the
/// document was large: a parser keeps many times a document's size, and such bodies are rare.
class borrowed_parser {
public:
  borrowed_parser() noexcept = default;
  borrowed_parser(const borrowed_parser&) = delete;
  borrowed_parser& operator=(const borrowed_parser&) = delete;
  ~borrowed_parser() {
    if (slot() && slot()->capacity() > max_kept_capacity)
      slot().reset();
  }

  /// Parses `text`; strings of `out` are valid until this object goes. `padded`: json_padding bytes
  /// after the text may be read, so that no copy is needed.
  simdjson::error_code parse(std::string_view text, bool padded, simdjson::dom::element& out) {
    auto& parser = slot();
    if (!parser) {
      parser = std::make_unique<simdjson::dom::parser>();
      if (const auto e = parser->allocate(initial_capacity, json_max_depth); e)
        return e;
    }
    return parser->parse(text.data(), text.size(), !padded).get(out);
  }

private:
  static constexpr std::size_t initial_capacity = 16 * 1024;
  static constexpr std::size_t max_kept_capacity = 256 * 1024;

  static std::unique_ptr<simdjson::dom::parser>& slot() noexcept {
    thread_local std::unique_ptr<simdjson::dom::parser> parser;
    return parser;
  }
};

static_assert(json_padding >= simdjson::SIMDJSON_PADDING);

} // namespace synapse::http::detail
