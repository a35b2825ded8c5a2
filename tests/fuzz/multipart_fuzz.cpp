#include "http/core/body/multipart_writer.hpp"
#include "tests/fuzz/fuzz_targets.hpp"
#include "tests/http/core/body/multipart_support.hpp"

namespace synapse::fuzz {
namespace {

using namespace synapse::http;

bool has_ambiguous_percent(std::string_view text) {
  for (const char* sign : {"%22", "%0D", "%0A"})
    if (text.find(sign) != std::string_view::npos)
      return true;
  return false;
}

/// What must hold for every part that was reported.
void check_part(const test::read_part& part) {
  SYNAPSE_FUZZ_CHECK(!part.name.empty());
  SYNAPSE_FUZZ_CHECK(part.has_filename || part.filename.empty());
  for (const std::string* text : {&part.name, &part.filename, &part.content_type})
    for (const char c : *text) {
      const bool of_a_name = text != &part.content_type;
      SYNAPSE_FUZZ_CHECK(static_cast<unsigned char>(c) >= 0x20 ||
                         (of_a_name ? c == '\r' || c == '\n' : c == '\t'));
    }
  SYNAPSE_FUZZ_CHECK(part.data.find("\r\n--b\r\n") == std::string::npos);
  SYNAPSE_FUZZ_CHECK(part.data.find("\r\n--b--") == std::string::npos);
}

/// A body of our own with the same parts is read as the same parts.
void check_writing(const test::read_body& body) {
  const multipart_writer writer("another-boundary");
  std::string out;
  std::size_t size = writer.close_size();
  test::read_body expected = body;
  for (test::read_part& part : expected.parts) {
    if (has_ambiguous_percent(part.name) || has_ambiguous_percent(part.filename))
      return;
    if (part.has_filename) {
      if (part.content_type.empty())
        part.content_type = "application/octet-stream";
      writer.append_file_head(out, part.name, part.filename, part.content_type);
      out += part.data;
      writer.append_part_end(out);
      size += writer.file_framing_size(part.name, part.filename, part.content_type);
      size += part.data.size();
    } else {
      part.content_type.clear();
      writer.append_field(out, part.name, part.data);
      size += writer.field_size(part.name, part.data);
    }
  }
  writer.append_close(out);
  SYNAPSE_FUZZ_CHECK(out.size() == size);
  SYNAPSE_FUZZ_CHECK(test::read_multipart(out, writer.boundary()) == expected);
}

void check_content_type(std::string_view text) {
  multipart_error error = multipart_error::none;
  const std::string boundary = multipart_boundary(text, error);
  SYNAPSE_FUZZ_CHECK((error == multipart_error::none) == valid_multipart_boundary(boundary));
  SYNAPSE_FUZZ_CHECK(boundary.empty() || text.find(boundary) != std::string_view::npos);
}

} // namespace

int try_multipart(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const multipart_limits limits{
      .max_parts = 3, .max_header_bytes = 150, .max_headers = 3, .max_preamble_bytes = 200};
  const test::read_body at_once = test::read_multipart(text, "b", {}, limits);
  const std::size_t step = size == 0 ? 1 : 1 + data[size / 2] % 7;
  const test::read_body pieces =
      test::read_multipart(text, "b", test::pieces_of(step, size), limits);
  SYNAPSE_FUZZ_CHECK(at_once == pieces);
  SYNAPSE_FUZZ_CHECK(at_once.parts.size() <= limits.max_parts);
  SYNAPSE_FUZZ_CHECK(at_once.end || at_once.error != multipart_error::none);
  for (const test::read_part& part : at_once.parts)
    check_part(part);
  if (at_once.error == multipart_error::none)
    check_writing(at_once);
  check_content_type(text);
  return 0;
}

} // namespace synapse::fuzz

SYNAPSE_FUZZ_ENTRY(try_multipart)
