#include "http/dialects/ollama/client/call_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http::ollama::client {
namespace {

std::string taken(call_buffer& buffer) {
  std::string out;
  return buffer.take(out) ? out : "refused" + out;
}

TEST(ollama_client_call_buffer, pieces_of_several_calls_find_each_other) {
  call_buffer buffer;
  EXPECT_TRUE(buffer.add({1, R"("b")", R"("g")", R"("")"}));
  EXPECT_TRUE(buffer.add({0, R"("a")", R"("f")", R"("{\"x\": 1")"}));
  EXPECT_TRUE(buffer.add({1, {}, {}, R"("{}")"}));
  EXPECT_TRUE(buffer.add({0, R"("")", {}, R"(".50}")"}));
  EXPECT_EQ(
      taken(buffer),
      R"({"id":"a","function":{"index":0,"name":"f","arguments":{"x": 1.50}}},{"id":"b","function":{"index":1,"name":"g","arguments":{}}})");
  EXPECT_TRUE(buffer.empty());
}

TEST(ollama_client_call_buffer, a_character_may_be_cut_between_its_escapes) {
  call_buffer buffer;
  buffer.add({0, {}, R"("f")", R"("{\"a\":\"\ud83d")"});
  buffer.add({0, {}, {}, R"("\ude00\"}")"});
  EXPECT_EQ(taken(buffer), R"({"function":{"index":0,"name":"f","arguments":{"a":"😀"}}})");
}

TEST(ollama_client_call_buffer, arguments_in_lines_are_one_line) {
  call_buffer buffer;
  buffer.add({0, {}, R"("f")", R"("{\n \"a\": \"b\\nc\"\r\n}")"});
  EXPECT_EQ(taken(buffer), R"({"function":{"index":0,"name":"f","arguments":{  "a": "b\nc"  }}})");
}

TEST(ollama_client_call_buffer, no_arguments_are_an_empty_object_and_others_are_none) {
  call_buffer empty;
  empty.add({0, {}, R"("f")", {}});
  EXPECT_EQ(taken(empty), R"({"function":{"index":0,"name":"f","arguments":{}}})");
  for (const auto* bad : {R"("{\"a\":")", R"("[1]")", R"("7")", R"("{}{}")", R"("null")"}) {
    call_buffer buffer;
    buffer.add({0, {}, R"("ok")", R"("{}")"});
    buffer.add({1, {}, R"("f")", bad});
    EXPECT_EQ(taken(buffer), "refused") << bad;
  }
  call_buffer nameless;
  nameless.add({0, R"("a")", {}, R"("{}")"});
  EXPECT_EQ(taken(nameless), "refused");
}

TEST(ollama_client_call_buffer, is_bounded) {
  call_buffer many;
  std::size_t taken_calls = 0;
  while (taken_calls < 5000 && many.add({taken_calls * 7, {}, R"("f")", {}}))
    ++taken_calls;
  EXPECT_EQ(taken_calls, 1024U);
  call_buffer large;
  const auto piece = '"' + std::string(1 << 20, ' ') + '"';
  std::size_t pieces = 0;
  while (pieces < 200 && large.add({0, {}, R"("f")", piece}))
    ++pieces;
  EXPECT_EQ(pieces, 64U);
}

} // namespace
} // namespace synapse::http::ollama::client
