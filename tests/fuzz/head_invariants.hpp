/// @file
/// What must hold for a parsed head, whatever the input was.
#pragma once

#include "http/core/head/head_writer.hpp"
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/support.hpp"

#include <string>
#include <string_view>

namespace synapse::fuzz {

inline bool inside(std::string_view part, const char* begin, std::size_t size) {
  return part.data() >= begin && part.data() + part.size() <= begin + size;
}

template <class Head>
void check_fields(const Head& head, const char* begin) {
  const char* last = begin;
  for (const http::field& f : head.fields) {
    SYNAPSE_FUZZ_CHECK(inside(f.name, begin, head.size) && inside(f.value, begin, head.size));
    SYNAPSE_FUZZ_CHECK(!f.name.empty() && f.name.data() >= last);
    SYNAPSE_FUZZ_CHECK(f.value.find_first_of("\r\n") == std::string_view::npos);
    SYNAPSE_FUZZ_CHECK(f.value.find('\0') == std::string_view::npos);
    last = f.value.data();
  }
  SYNAPSE_FUZZ_CHECK(!(head.chunked && head.content_length >= 0));
  SYNAPSE_FUZZ_CHECK(std::string_view(begin, head.size).ends_with("\r\n\r\n"));
}

template <class Head>
bool same_fields(const Head& a, const Head& b) {
  if (a.fields.size() != b.fields.size() || a.size != b.size || a.chunked != b.chunked ||
      a.content_length != b.content_length || a.keep_alive != b.keep_alive)
    return false;
  for (std::size_t i = 0; i < a.fields.size(); ++i)
    if (a.fields[i].name != b.fields[i].name || a.fields[i].value != b.fields[i].value ||
        a.fields[i].id != b.fields[i].id || a.fields[i].hop_by_hop != b.fields[i].hop_by_hop)
      return false;
  return true;
}

} // namespace synapse::fuzz
