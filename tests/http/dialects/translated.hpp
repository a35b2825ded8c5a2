/// @file
/// A backend's answer, led through a translator as a relay does it.
#pragma once

#include "http/dialects/answer_translator.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace synapse::http {

struct translated {
  std::string text;    ///< for the client
  std::string problem; ///< empty: the answer was a good one
  bool ended = false;  ///< its own end mark was there
};

/// @param fields of its head, complete lines. @param piece bytes that arrive at once
inline translated translate(answer_translator& translator, std::string_view fields,
                            std::string_view body, std::size_t piece = std::string_view::npos) {
  using progress = answer_translator::progress;
  translated result;
  const auto head_text = "HTTP/1.1 200 OK\r\n" + std::string{fields} + "\r\n";
  response_head head;
  std::size_t scanned = 0;
  if (!parse_response(head_text.data(), head_text.size(), scanned, {}, head).ok()) {
    result.problem = "the test's own head is none";
    return result;
  }
  auto how = translator.begin(head);
  while (how == progress::more && !body.empty()) {
    how = translator.take(body.substr(0, piece), result.text);
    body.remove_prefix(std::min(piece, body.size()));
  }
  result.ended = how == progress::ended;
  if (how == progress::more)
    how = translator.finish(result.text);
  if (how == progress::bad)
    result.problem = translator.problem();
  return result;
}

} // namespace synapse::http
