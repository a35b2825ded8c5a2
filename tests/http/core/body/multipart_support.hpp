/// @file
/// Reads a multipart body that arrives in pieces, for the tests and the fuzzing.
#pragma once

#include "http/core/body/multipart.hpp"
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/support.hpp"

#include <algorithm>
#include <ostream>

namespace synapse::http::test {

struct read_part {
  std::string name;
  bool has_filename = false;
  std::string filename;
  std::string content_type;
  std::string data;
  bool whole = false; // its end was seen
  bool operator==(const read_part&) const = default;
};

struct read_body {
  std::vector<read_part> parts;
  bool end = false; // the event came
  multipart_error error = multipart_error::none;
  bool operator==(const read_body&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, multipart_error e) {
  return out << static_cast<int>(e) << " (" << message_of(e) << ")";
}

inline std::ostream& operator<<(std::ostream& out, const read_body& b) {
  for (const read_part& p : b.parts)
    out << "[" << p.name << "|" << (p.has_filename ? p.filename : "-") << "|" << p.content_type
        << "|" << p.data.substr(0, 200) << (p.whole ? "] " : "... ");
  return out << (b.end ? "end " : "no end ") << b.error;
}

/// Takes in what one step says; false after the last one of these bytes. Ends the program if a
/// promise of the header is broken.
inline bool take_step(multipart_reader& reader, const multipart_reader::step& s,
                      const exact_copy& bytes, read_body& out) {
  using event = multipart_reader::event;
  const bool in_part = !out.parts.empty() && !out.parts.back().whole;
  SYNAPSE_FUZZ_CHECK(s.consumed <= bytes.size());
  SYNAPSE_FUZZ_CHECK(s.data.empty() == (s.what != event::data));
  SYNAPSE_FUZZ_CHECK((s.what == event::error) == (reader.error() != multipart_error::none));
  switch (s.what) {
  case event::need_more:
    return false;
  case event::part_begin:
    SYNAPSE_FUZZ_CHECK(!in_part && !out.end);
    out.parts.push_back({reader.part().name, reader.part().has_filename, reader.part().filename,
                         reader.part().content_type, "", false});
    SYNAPSE_FUZZ_CHECK(reader.part_number() == out.parts.size());
    return true;
  case event::data: // no copy: the end of what was consumed
    SYNAPSE_FUZZ_CHECK(in_part);
    SYNAPSE_FUZZ_CHECK(s.data.data() + s.data.size() == bytes.begin() + s.consumed);
    out.parts.back().data += s.data;
    return true;
  case event::part_end:
    SYNAPSE_FUZZ_CHECK(in_part && reader.part().name == out.parts.back().name);
    out.parts.back().whole = true;
    return true;
  case event::end:
    SYNAPSE_FUZZ_CHECK(!in_part && !out.end);
    out.end = true;
    return true;
  case event::error:
    return false;
  }
  return false;
}

/// Feeds the pieces that end at `splits` (ascending) and at the end of the text.
inline read_body read_multipart(std::string_view text, std::string_view boundary,
                                std::vector<std::size_t> splits = {},
                                multipart_limits limits = {}) {
  multipart_reader reader(boundary, limits);
  read_body out;
  splits.push_back(text.size());
  std::size_t begin = 0; // of what was not consumed
  for (const std::size_t end : splits) {
    for (bool more = true; more;) {
      const exact_copy bytes(text.substr(begin, end - begin));
      const multipart_reader::step s = reader.next(bytes.begin(), bytes.size());
      more = take_step(reader, s, bytes, out);
      begin += s.consumed;
    }
    if (reader.error() != multipart_error::none)
      break;
    SYNAPSE_FUZZ_CHECK(end - begin <= std::max(limits.max_header_bytes, boundary.size() + 8));
  }
  out.error = reader.finish();
  SYNAPSE_FUZZ_CHECK(reader.error() == out.error && reader.finish() == out.error);
  return out;
}

/// All splits of a text into pieces of `size` bytes.
inline std::vector<std::size_t> pieces_of(std::size_t size, std::size_t text) {
  std::vector<std::size_t> out;
  for (std::size_t at = size; at < text; at += size)
    out.push_back(at);
  return out;
}

} // namespace synapse::http::test
