#include "tests/http/core/body/multipart_support.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

using test::pieces_of;
using test::read_body;
using test::read_multipart;
using test::read_part;
using enum multipart_error;
using namespace std::string_literals;

/// Reads a part with these headers, each line with its CRLF.
read_body read_headers(const std::string& lines) {
  const std::string text = "--b\r\n" + lines + "\r\n1\r\n--b--";
  const read_body out = read_multipart(text, "b");
  EXPECT_EQ(read_multipart(text, "b", pieces_of(1, text.size())), out) << lines;
  for (std::size_t i = 0; i <= text.size(); ++i)
    EXPECT_EQ(read_multipart(text, "b", {i}), out) << lines << " split at " << i;
  return out;
}

read_body read_disposition(const std::string& value) {
  return read_headers("Content-Disposition: " + value + "\r\n");
}

TEST(multipart_headers, names_and_filenames) {
  const auto name = [](const std::string& value, const std::string& expected) {
    const read_body out = read_disposition(value);
    ASSERT_EQ(out.error, none) << value;
    EXPECT_EQ(out.parts.at(0).name, expected) << value;
    EXPECT_FALSE(out.parts[0].has_filename) << value;
  };
  name("form-data; name=a", "a");
  name("FORM-DATA;NAME=a", "a");
  name("form-data \t; \tname=a \t; x=y;", "a");
  name("form-data;; ;name=a;;", "a");
  name("form-data; x=\"; name=b\"; name=a", "a");
  name("form-data; x=\"\\\"; name=b\"; name=a", "a");
  name("form-data; name=\"a b;=c\"", "a b;=c");
  name("form-data; name=\"file[]\"", "file[]");
  name("form-data; name=\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"",
       "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
  name("form-data; name=\"\xc2\xa0\"", "\xc2\xa0"); // the first above the control characters
  // Escapes, and what is none.
  name(R"(form-data; name="a\"b\\c")", R"(a"b\c)");
  name(R"(form-data; name="C:\dir\file")", R"(C:\dir\file)");
  name(R"(form-data; name="a%22b%2")", R"(a"b%2)");
  name(R"(form-data; name="%0d%41%")", "%0d%41%");
  name("form-data; name=%22", "%22"); // browsers always quote
  name(R"(form-data; name="a%0D%0Ab%0A")", "a\r\nb\n");

  const auto file = [](const std::string& value, const std::string& expected) {
    const read_body out = read_disposition("form-data; name=a; " + value);
    ASSERT_EQ(out.error, none) << value;
    EXPECT_EQ(out.parts.at(0).name, "a") << value;
    EXPECT_EQ(out.parts[0].filename, expected) << value;
    EXPECT_TRUE(out.parts[0].has_filename) << value;
  };
  file("filename=x.wav", "x.wav");
  file("filename=\"\"", "");
  file("filename=\"../a/b\"", "../a/b");
  file(R"(filename="a%22\\b")", R"(a"\b)");
  file(R"(filename="a%0Ab%0D%0A%0a.wav")", "a\nb\r\n%0a.wav");
  file("filename*=UTF-8''%e2%82%AC%20rates", "\xe2\x82\xac rates");
  file("filename*=utf-8'de'a%22", "a\"");
  file("filename*=UTF-8''%2522", "%22");
  file("filename*=UTF-8''", "");
  // The extended one wins wherever it stands.
  file("filename*=UTF-8''x%C3%BC; filename=y", "x\xc3\xbc");
  file("filename=\"y\"; FileName*=UTF-8''x%C3%BC", "x\xc3\xbc");
}

TEST(multipart_headers, names_are_shown_as_one_line_of_whole_characters) {
  EXPECT_EQ(shown_name("a\nb\r\n.wav"), "a b  .wav");
  EXPECT_EQ(shown_name("\xc3\xbc\xc3\x9f", 3), "\xc3\xbc");
  EXPECT_EQ(shown_name(std::string(300, 'x')), std::string(100, 'x'));
  EXPECT_EQ(shown_name(""), "");
}

TEST(multipart_headers, bad_dispositions) {
  const std::pair<std::string, multipart_error> cases[] = {
      {"", no_name},
      {"form-data", no_name},
      {"form-data; filename=x", no_name},
      {"form-data; name=\"\"", no_name},
      {"attachment; name=a", no_name},
      {"form-dat; name=a", no_name},
      {"form-data2; name=a", no_name},
      {"; name=a", no_name},
      {"form-data name=a", bad_parameter},
      {"form-data, name=a", bad_parameter},
      {"form-data; name", bad_parameter},
      {"form-data; name=", bad_parameter},
      {"form-data; name= a", bad_parameter},
      {"form-data; name =a", bad_parameter},
      {"form-data; =a", bad_parameter},
      {"form-data; name=a b", bad_parameter},
      {"form-data; name=a,b", bad_parameter},
      {"form-data; name=\"a", bad_parameter},
      {"form-data; name=\"a\\\"", bad_parameter},
      {"form-data; name=\"a\"b", bad_parameter},
      {"form-data; name=\"a\"\"b\"", bad_parameter},
      {"form-data; name=\"a\tb\"", bad_parameter},
      {"form-data; name=a; filename=\"a\tb\"", bad_parameter},
      {"form-data; name=\"\xc2\x85\"", bad_parameter}, // NEL
      {"form-data; name=\"\xfc\"", bad_parameter},
      {"form-data; name=\"\xc3\"", bad_parameter},
      {"form-data; name=\"\xed\xa0\x80\"", bad_parameter}, // a surrogate
      {"form-data; name=\"\xc0\xaf\"", bad_parameter},     // overlong
      {"form-data; name=a; filename=\"\xfc\"", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''x; filename=\"\xfc\"", bad_parameter},
      {"form-data; name=a; filename*=x", bad_parameter},
      {"form-data; name=a; filename*=UTF-8'x", bad_parameter},
      {"form-data; name=a; filename*=\"UTF-8''x\"", bad_parameter},
      {"form-data; name=a; filename*=ISO-8859-1''%FC", bad_parameter},
      {"form-data; name=a; filename*=''x", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''%FC", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''%00", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''%0A", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''%7F", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''%", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''%4", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''%4g", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''a'b", bad_parameter},
      {"form-data; name=a; filename*=UTF-8''a*b", bad_parameter},
      {"form-data; name=a; name*=UTF-8''b", bad_parameter},
      {"form-data; name=a; filename*0=x; filename*1=y", bad_parameter},
      {"form-data; name=a; name=a", duplicate_parameter},
      {"form-data; name=a; NAME=\"b\"", duplicate_parameter},
      {"form-data; name=a; filename=a; filename=a", duplicate_parameter},
      {"form-data; name=a; filename*=UTF-8''a; filename*=UTF-8''a", duplicate_parameter},
      {"form-data; name=\"a\0b\""s, bad_header},
      {"form-data; name=\"a\x01\"", bad_header},
      {"form-data; name=\"a\x7f\"", bad_header},
      {"form-data; name=\"a\rb\"", bad_header},
  };
  for (const auto& [value, error] : cases)
    EXPECT_EQ(read_disposition(value), (read_body{{}, false, error})) << value;
}

TEST(multipart_headers, other_fields) {
  const std::string disposition = "Content-Disposition: form-data; name=a\r\n";
  const auto good = [&](const std::string& lines, const std::string& type) {
    const read_body expected{{{"a", false, "", type, "1", true}}, true, none};
    EXPECT_EQ(read_headers(disposition + lines), expected) << lines;
    EXPECT_EQ(read_headers(lines + disposition), expected) << lines;
  };
  good("", "");
  good("Content-Type: text/plain; charset=utf-8\r\n", "text/plain; charset=utf-8");
  good("content-TYPE:\t text/plain \t\r\n", "text/plain");
  good("Content-Type:\r\n", "");
  good("X-A:\r\nX-A: \xff\"\r\n!#$%&'*+-.^_`|~9: b:c\r\n", "");
  good("Content-Transfer-Encoding: 8BIT\r\n", "");
  good("Content-Transfer-Encoding: 7bit\r\n", "");
  good("content-transfer-encoding: binary\r\n", "");
  good("Content-Length: 77\r\n", ""); // some old clients; the delimiter decides

  const std::pair<std::string, multipart_error> cases[] = {
      {"X\r\n", bad_header},
      {": b\r\n", bad_header},
      {"X : b\r\n", bad_header},
      {"X Y: b\r\n", bad_header},
      {"X\"Y: b\r\n", bad_header},
      {"\xc3\xbc: b\r\n", bad_header},
      {"X: a\0b\r\n"s, bad_header},
      {"X: a\rb\r\n", bad_header},
      {"X: \x1b\r\n", bad_header},
      {" X: b\r\n", line_folding},
      {"X: a\r\n b\r\n", line_folding},
      {"X: a\r\n\tb\r\n", line_folding},
      {" \r\n", line_folding},
      {"X: a\n", bad_line_end},
      {"\n", bad_line_end},
      {"Content-Disposition: form-data; name=b\r\n", duplicate_header},
      {"Content-Type: a/b\r\ncontent-type: a/b\r\n", duplicate_header},
      {"Content-Type:\r\nContent-Type: a/b\r\n", duplicate_header},
      {"Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: 8bit\r\n", duplicate_header},
      {"Content-Transfer-Encoding: base64\r\n", unsupported_encoding},
      {"Content-Transfer-Encoding: quoted-printable\r\n", unsupported_encoding},
      {"Content-Transfer-Encoding: 8bit, base64\r\n", unsupported_encoding},
      {"Content-Transfer-Encoding:\r\n", unsupported_encoding},
  };
  for (const auto& [lines, error] : cases)
    EXPECT_EQ(read_headers(disposition + lines), (read_body{{}, false, error})) << lines;
}

TEST(multipart_headers, nothing_of_one_part_is_left_for_the_next) {
  const std::string one = "--b\r\nContent-Disposition: form-data; name=a; filename=x\r\n"
                          "Content-Type: c/d\r\nContent-Transfer-Encoding: 8bit\r\n\r\n1\r\n";
  const std::string two = "--b\r\nContent-Disposition: form-data; name=b\r\n\r\n2\r\n";
  const read_body out = read_multipart(one + two + one + "--b--", "b");
  ASSERT_EQ(out.error, none);
  EXPECT_EQ(out.parts.at(1), (read_part{"b", false, "", "", "2", true}));
  EXPECT_EQ(out.parts.at(2), out.parts.at(0));
  EXPECT_EQ(read_multipart(one + "--b\r\nX: y\r\n\r\n2\r\n--b--", "b").error, no_name);
}

TEST(multipart_boundary, is_found) {
  const std::pair<const char*, const char*> cases[] = {
      {"multipart/form-data; boundary=abc", "abc"},
      {"Multipart/Form-Data;BOUNDARY=abc", "abc"},
      {" \tmultipart/form-data ; charset=utf-8 ; boundary=abc; x=y; ", "abc"},
      {"multipart/form-data; boundary=\"gc0pJq0M:08jU534c0p\"", "gc0pJq0M:08jU534c0p"},
      {"multipart/form-data; boundary=\"'()+_,-./:=? a\"", "'()+_,-./:=? a"},
      {"multipart/form-data; x=\"; boundary=no\"; boundary=yes", "yes"},
      {"multipart/form-data; x=boundary=y; boundary=yes", nullptr},
      {"multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
       "----WebKitFormBoundary7MA4YWxkTrZu0gW"},
  };
  for (const auto& [type, expected] : cases) {
    multipart_error error = bad_header;
    const std::string boundary = multipart_boundary(type, error);
    EXPECT_EQ(boundary, expected != nullptr ? expected : "") << type;
    EXPECT_EQ(error, expected != nullptr ? none : bad_parameter) << type;
  }
  multipart_error error = none;
  const std::string longest(70, 'a');
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + longest, error), longest);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + longest + "a", error), "");
  EXPECT_EQ(error, bad_boundary);
}

TEST(multipart_boundary, is_refused) {
  const std::pair<std::string, multipart_error> cases[] = {
      {"", not_form_data},
      {"application/json", not_form_data},
      {"multipart/mixed; boundary=a", not_form_data},
      {"multipart/form-datax; boundary=a", not_form_data},
      {"multipart; boundary=a", not_form_data},
      {"multipart /form-data; boundary=a", not_form_data},
      {"multipart/form-data", no_boundary},
      {"multipart/form-data; charset=utf-8", no_boundary},
      {"multipart/form-data; boundary*=UTF-8''a", no_boundary},
      {"multipart/form-data; boundary=\"\"", bad_boundary},
      {"multipart/form-data; boundary=\"a \"", bad_boundary},
      {"multipart/form-data; boundary=\"a\tb\"", bad_boundary},
      {"multipart/form-data; boundary=a#b", bad_boundary},
      {"multipart/form-data; boundary=\"a@b\"", bad_boundary},
      {"multipart/form-data; boundary=\"a\\\\b\"", bad_boundary},
      {"multipart/form-data; boundary=\"a\r\nb\"", bad_boundary},
      {"multipart/form-data; boundary=\"\xc3\xbc\"", bad_boundary},
      {"multipart/form-data; boundary=\"a\0\""s, bad_boundary},
      {"multipart/form-data; boundary=", bad_parameter},
      {"multipart/form-data; boundary=a/b", bad_parameter},
      {"multipart/form-data; boundary=\"a", bad_parameter},
      {"multipart/form-data; boundary=a, b", bad_parameter},
      {"multipart/form-data boundary=a", bad_parameter},
      {"multipart/form-data; boundary = a", bad_parameter},
      {"multipart/form-data; boundary=a; boundary=a", duplicate_parameter},
      {"multipart/form-data; boundary=a; Boundary=b", duplicate_parameter},
  };
  for (const auto& [type, expected] : cases) {
    multipart_error error = none;
    EXPECT_EQ(multipart_boundary(type, error), "") << type;
    EXPECT_EQ(error, expected) << type;
    EXPECT_FALSE(message_of(error).empty());
  }
}

TEST(multipart_error, every_one_has_a_message_of_its_own) {
  std::vector<std::string_view> seen;
  for (int i = 1; i <= static_cast<int>(unterminated); ++i) {
    const std::string_view text = message_of(static_cast<multipart_error>(i));
    EXPECT_FALSE(text.empty()) << i;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), text), 0) << text;
    seen.push_back(text);
  }
  EXPECT_EQ(message_of(none), "");
}

} // namespace
} // namespace synapse::http
