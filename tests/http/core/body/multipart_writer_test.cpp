#include "http/core/body/multipart_writer.hpp"
#include "tests/http/core/body/multipart_support.hpp"

#include <gtest/gtest.h>

#include <set>

namespace synapse::http {
namespace {

using test::read_body;
using test::read_multipart;
using namespace std::string_literals;

TEST(multipart_writer, whole_body) {
  const multipart_writer writer("xyz");
  std::string out;
  writer.append_field(out, "model", "m\r\n1");
  writer.append_file_head(out, "file", "a.wav", "audio/wav");
  out += "RIFF";
  writer.append_part_end(out);
  writer.append_close(out);
  EXPECT_EQ(out, "--xyz\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n1\r\n"
                 "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
                 "Content-Type: audio/wav\r\n\r\nRIFF\r\n--xyz--\r\n");
}

TEST(multipart_writer, escapes_names) {
  const multipart_writer writer("b");
  std::string out;
  writer.append_field(out, "a\"\r\n\\%22\0\x7f\t\xc3\xbc"s, "\"\\");
  EXPECT_EQ(out, "--b\r\nContent-Disposition: form-data; "
                 "name=\"a%22%0D%0A\\\\%22%00%7F%09\xc3\xbc\"\r\n\r\n\"\\\r\n");
  out.clear();
  writer.append_file_head(out, "\"", "\r\nX: y\"\\", "");
  EXPECT_EQ(out,
            "--b\r\nContent-Disposition: form-data; name=\"%22\"; "
            "filename=\"%0D%0AX: y%22\\\\\"\r\nContent-Type: application/octet-stream\r\n\r\n");
}

TEST(multipart_writer, a_content_type_cannot_add_headers) {
  const multipart_writer writer("b");
  for (const std::string& type : {"a/b\r\nX: y"s, "a/b\n"s, "a\0b"s, ""s}) {
    std::string out;
    writer.append_file_head(out, "f", "g", type);
    EXPECT_NE(out.find("\r\nContent-Type: application/octet-stream\r\n\r\n"), std::string::npos);
    EXPECT_EQ(out.find("X: y"), std::string::npos);
  }
}

TEST(multipart_writer, content_type_can_be_read) {
  for (const char* boundary : {"abc", "a b", "a/b:c=?d", "'()+_,-./:=?"}) {
    multipart_error error = multipart_error::none;
    EXPECT_EQ(multipart_boundary(multipart_writer(boundary).content_type(), error), boundary);
  }
  EXPECT_EQ(multipart_writer("abc").content_type(), "multipart/form-data; boundary=abc");
  EXPECT_EQ(multipart_writer("a b").content_type(), "multipart/form-data; boundary=\"a b\"");
}

TEST(multipart_writer, boundaries_are_valid_and_all_different) {
  std::set<std::string> seen;
  std::string varying(40, '.');
  for (int i = 0; i < 1000; ++i) {
    const std::string boundary = multipart_writer::make_boundary();
    ASSERT_EQ(boundary.size(), 40u);
    ASSERT_TRUE(valid_multipart_boundary(boundary));
    ASSERT_TRUE(seen.insert(boundary).second);
    for (std::size_t k = 0; k < boundary.size(); ++k)
      if (boundary[k] != (*seen.begin())[k])
        varying[k] = 'x';
  }
  EXPECT_EQ(varying, "........" + std::string(32, 'x')); // every digit of them is random
}

std::string random_text(test::dice& random, const std::vector<std::string>& pieces) {
  std::string out;
  for (std::size_t n = random.below(20); n > 0; --n)
    out += random.pick(pieces);
  return out;
}

TEST(multipart_writer, what_is_written_can_be_read_and_has_the_size_foretold) {
  test::dice random(31);
  const std::vector<std::string> in_names = {"a", "\"",       "\\", " ",  ";",
                                             "=", "\xc3\xbc", "%2", "%%", "'",
                                             "/", "*",        "?",  "-",  "\xf0\x9f\x98\x80"};
  const std::vector<std::string> in_data = {"\r\n", "\r", "\n", "--", "b-", "b", "\0"s, "\xff"};
  for (int i = 0; i < 3000; ++i) {
    // With a short boundary the data often begins like a delimiter; "bbb" is never in it whole.
    const std::string boundary = random.one_in(2) ? multipart_writer::make_boundary() : "b-bcb"s;
    const multipart_writer writer(boundary);
    std::string out;
    std::size_t foretold = 0;
    read_body expected{{}, true, multipart_error::none};
    for (std::size_t n = random.below(5); n > 0; --n) {
      std::string name = "n", filename, type;
      name += random_text(random, in_names);
      const std::string data = random_text(random, in_data);
      const bool file = random.one_in(2);
      if (file) {
        filename = random_text(random, in_names);
        type = random.one_in(2) ? "audio/wav" : "application/octet-stream";
        writer.append_file_head(out, name, filename, type);
        out += data;
        writer.append_part_end(out);
        foretold += writer.file_framing_size(name, filename, type) + data.size();
      } else {
        writer.append_field(out, name, data);
        foretold += writer.field_size(name, data);
      }
      expected.parts.push_back({name, file, filename, type, data, true});
    }
    writer.append_close(out);
    foretold += writer.close_size();
    ASSERT_EQ(out.size(), foretold);
    ASSERT_EQ(read_multipart(out, boundary), expected) << out;
    ASSERT_EQ(read_multipart(out, boundary, test::pieces_of(1 + random.below(50), out.size())),
              expected)
        << out;
  }
}

TEST(multipart_writer, the_size_counts_escapes_and_the_replaced_type) {
  const multipart_writer writer("b");
  for (const std::string& text : {""s, "\"\r\n\\\0\x7f%22"s, "\xc3\xbc"s, std::string(300, '"')})
    for (const std::string& type : {""s, "a/b"s, "a/b\r\n"s}) {
      std::string out;
      writer.append_file_head(out, text, text, type);
      writer.append_part_end(out);
      EXPECT_EQ(out.size(), writer.file_framing_size(text, text, type));
      out.clear();
      writer.append_field(out, text, text);
      EXPECT_EQ(out.size(), writer.field_size(text, text));
    }
}

} // namespace
} // namespace synapse::http
