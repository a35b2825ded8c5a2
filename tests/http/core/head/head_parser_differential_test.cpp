// The head parser against Beast's: whatever ours accepts, Beast must accept with the same meaning.
// (Not the other way round: ours is stricter.)
#include "http/core/head/head_parser.hpp"
#include "http/core/head/head_parts.hpp"
#include "http/core/head/scan.hpp"
#include "tests/http/core/support.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace synapse::http {
namespace {

namespace beast = boost::beast;
using test::dice;
using test::exact_copy;

/// One line per fact, so that two readings can be compared and shown. Beast moves fields of the
/// same name together; the order of names says nothing, the order of one name's fields does.
class reading {
public:
  void add_field(std::string_view name, std::string_view value) {
    std::string key(name);
    for (char& c : key)
      c = detail::to_lower(c);
    fields_.emplace_back(key, std::string(name) + "=" + std::string(value));
  }
  std::string text(const std::string& rest) {
    std::stable_sort(fields_.begin(), fields_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string out;
    for (const auto& f : fields_)
      out += f.second + "\n";
    return out + rest;
  }

private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

std::string framing_text(std::int64_t length, bool chunked, bool keep_alive, std::size_t size) {
  std::ostringstream out;
  out << "length " << length << " chunked " << chunked << " keep-alive " << keep_alive << " size "
      << size;
  return out.str();
}

template <class Head>
std::string our_reading(const Head& head, bool keep_alive) {
  reading r;
  for (const field& f : head.fields)
    r.add_field(f.name, f.value);
  return r.text(framing_text(head.content_length, head.chunked, keep_alive, head.size));
}

template <bool IsRequest>
std::string beast_reading(beast::http::parser<IsRequest, beast::http::empty_body>& p,
                          std::size_t size) {
  reading r;
  for (const auto& f : p.get())
    r.add_field({f.name_string().data(), f.name_string().size()},
                {f.value().data(), f.value().size()});
  const auto length = p.content_length();
  return r.text(framing_text(length ? static_cast<std::int64_t>(*length) : -1, p.chunked(),
                             p.keep_alive(), size));
}

template <bool IsRequest>
bool read_with_beast(beast::http::parser<IsRequest, beast::http::empty_body>& p,
                     std::string_view text, std::size_t& used, std::string& error) {
  p.header_limit(1 << 20);
  p.body_limit(boost::none);
  beast::error_code ec;
  used = p.put(boost::asio::buffer(text.data(), text.size()), ec);
  error = ec.message();
  return !ec && p.is_header_done();
}

enum class outcome { refused, agreed, differs };

/// Compares the two readings of a complete head; `why` tells a difference.
outcome compare_request(std::string_view text, std::string& why) {
  const exact_copy bytes(text);
  request_head head;
  std::size_t scanned = 0;
  if (!parse_request(bytes.begin(), bytes.size(), scanned, {}, head).ok())
    return outcome::refused;
  std::ostringstream ours, theirs;
  ours << head.method << " " << head.target << " " << head.minor << "\n";
  ours << our_reading(head, head.keep_alive);
  beast::http::request_parser<beast::http::empty_body> parser;
  std::size_t used = 0;
  // Beast does not skip empty lines in front; it reads from where ours began. The body is cut off.
  const std::string_view whole = text.substr(head.offset, head.size - head.offset);
  if (!read_with_beast(parser, whole, used, why))
    return outcome::differs;
  const auto& m = parser.get();
  theirs << m.method_string() << " " << m.target() << " " << m.version() % 10 << "\n";
  theirs << beast_reading(parser, used + head.offset);
  why = ours.str() + "\n-- Beast --\n" + theirs.str();
  return ours.str() == theirs.str() ? outcome::agreed : outcome::differs;
}

outcome compare_response(std::string_view text, std::string& why) {
  const exact_copy bytes(text);
  response_head head;
  std::size_t scanned = 0;
  if (!parse_response(bytes.begin(), bytes.size(), scanned, {}, head).ok())
    return outcome::refused;
  std::ostringstream ours, theirs;
  ours << head.status << " " << head.reason << " " << head.minor << "\n";
  if (text[12] == '\r') // Beast insists on the blank before an absent phrase
    return outcome::refused;
  // Beast counts the end of a body until close in.
  const bool ends = head.framing(verb::get) == body_framing::until_close;
  ours << our_reading(head, head.keep_alive && !ends);
  beast::http::response_parser<beast::http::empty_body> parser;
  std::size_t used = 0;
  if (!read_with_beast(parser, text.substr(0, head.size), used, why))
    return outcome::differs;
  const auto& m = parser.get();
  // Beast puts in the standard phrase where there is none, and keeps blanks around one.
  const std::string_view reason(m.reason().data(), m.reason().size());
  theirs << m.result_int() << " " << (head.reason.empty() ? "" : detail::trim(reason)) << " "
         << m.version() % 10 << "\n";
  theirs << beast_reading(parser, used);
  why = ours.str() + "\n-- Beast --\n" + theirs.str();
  return ours.str() == theirs.str() ? outcome::agreed : outcome::differs;
}

std::string random_fields(dice& random, bool framing) {
  static const std::vector<std::string> names = {
      "X-A",
      "x-b",
      "Accept",
      "User-Agent",
      "Cookie",
      "X-Forwarded-For",
      "te",
      "a",
      "X_Y.z~",
      "Content-Type",
      "Authorization",
      "X-Very-Long-Field-Name-Of-More-Than-Thirty-Two-Bytes"};
  static const std::vector<std::string> values = {
      "",
      "a",
      " b ",
      "\tc\t",
      "text/html, */*;q=0.1",
      "\xc3\xa4 \xff",
      "a,b , c",
      "x\ty",
      "::,,",
      "a value that is somewhat longer than one vector register, and then some more"};
  static const std::vector<std::string> framings = {"",
                                                    "",
                                                    "Content-Length: 0\r\n",
                                                    "Content-Length: 17\r\n",
                                                    "content-length:\t17 \r\n",
                                                    "Transfer-Encoding: chunked\r\n",
                                                    "transfer-encoding:Chunked\t\r\n",
                                                    "Content-Length: 9223372036854775807\r\n",
                                                    "Content-Length: 007\r\n"};
  static const std::vector<std::string> connections = {"",
                                                       "",
                                                       "Connection: close\r\n",
                                                       "Connection: keep-alive\r\n",
                                                       "Connection: x, CLOSE\r\n",
                                                       "Connection: keep-alive , x\r\n",
                                                       "Connection:\r\n"};
  std::string out;
  for (std::size_t n = random.below(6); n > 0; --n)
    out += random.pick(names) + ":" + random.pick(values) + "\r\n";
  if (framing)
    out += random.pick(framings);
  return out + random.pick(connections);
}

std::string random_request(dice& random) {
  static const std::vector<std::string> methods = {"GET", "POST", "PUT", "DELETE", "M-SEARCH", "x"};
  static const std::vector<std::string> targets = {
      "/", "/v1/chat/completions", "/a?b=c&d", "/%20", "http://h/x", "https://h:1?y", "/x/../y;z"};
  static const std::vector<std::string> hosts = {"Host: a\r\n", "host:[::1]:80\r\n",
                                                 "HOST: gateway.example \r\n"};
  const std::string version = random.one_in(4) ? "1.0" : "1.1";
  return (random.one_in(20) ? "\r\n" : "") + random.pick(methods) + " " + random.pick(targets) +
         " HTTP/" + version + "\r\n" + random.pick(hosts) + random_fields(random, true) + "\r\n" +
         (random.one_in(3) ? "body" : "");
}

std::string random_response(dice& random) {
  static const std::vector<std::string> lines = {"200 OK", "404 ", "503 Service Unavailable",
                                                 "201 X", "599 a\tb \xff"};
  return "HTTP/1." + std::to_string(random.below(2)) + " " + random.pick(lines) + "\r\n" +
         random_fields(random, true) + "\r\n";
}

TEST(head_differential, generated_requests) {
  dice random(1);
  std::size_t agreed = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string text = random_request(random);
    std::string why;
    const outcome o = compare_request(text, why);
    ASSERT_NE(o, outcome::differs) << text << "\n" << why;
    agreed += o == outcome::agreed;
  }
  EXPECT_GT(agreed, 45'000u); // refused are those with Transfer-Encoding in HTTP/1.0
}

TEST(head_differential, mutated_requests) {
  dice random(2);
  std::size_t agreed = 0;
  for (int i = 0; i < 150'000; ++i) {
    std::string text = random_request(random);
    test::mutate(text, random);
    std::string why;
    const outcome o = compare_request(text, why);
    ASSERT_NE(o, outcome::differs) << text << "\n" << why;
    agreed += o == outcome::agreed;
  }
  EXPECT_GT(agreed, 20'000u);
  EXPECT_LT(agreed, 140'000u);
}

TEST(head_differential, responses) {
  dice random(3);
  std::size_t agreed = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = random_response(random);
    if (i % 2 == 1)
      test::mutate(text, random);
    std::string why;
    const outcome o = compare_response(text, why);
    ASSERT_NE(o, outcome::differs) << text << "\n" << why;
    agreed += o == outcome::agreed;
  }
  EXPECT_GT(agreed, 50'000u);
}

} // namespace
} // namespace synapse::http
