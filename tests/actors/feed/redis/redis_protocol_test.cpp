#include "actors/feed/redis/redis_protocol.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

using namespace std::string_literals;

TEST(redis_protocol, commands_carry_any_bytes) {
  std::string out = "before";
  append_command(out, {"SET", std::string_view{"a\0\r\n", 4}, ""});
  EXPECT_EQ(out, "before*3\r\n$3\r\nSET\r\n$4\r\na\0\r\n\r\n$0\r\n\r\n"s);
}

TEST(redis_protocol, replies_of_every_kind_byte_by_byte) {
  const std::string bytes = "+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*0\r\n"
                            "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n*2\r\n:1\r\n$2\r\nhi\r\n";
  redis_reader reader;
  std::vector<redis_reply> replies;
  for (const char c : bytes) {
    reader.feed({&c, 1});
    while (auto reply = reader.next())
      replies.push_back(*std::move(reply));
  }
  ASSERT_FALSE(reader.is_broken());
  ASSERT_EQ(replies.size(), 8U);
  EXPECT_EQ(replies[0].kind, reply_kind::status);
  EXPECT_EQ(replies[0].text, "OK");
  EXPECT_EQ(replies[1].kind, reply_kind::error);
  EXPECT_EQ(replies[1].text, "ERR no");
  EXPECT_EQ(replies[2].kind, reply_kind::number);
  EXPECT_EQ(replies[2].number, -7);
  EXPECT_EQ(replies[3].kind, reply_kind::text);
  EXPECT_EQ(replies[3].text, "a\r\n");
  EXPECT_EQ(replies[4].kind, reply_kind::nothing);
  EXPECT_EQ(replies[5].kind, reply_kind::nothing);
  EXPECT_EQ(replies[6].kind, reply_kind::list);
  EXPECT_TRUE(replies[6].parts.empty());
  ASSERT_EQ(replies[7].parts.size(), 3U);
  EXPECT_EQ(replies[7].parts[0].text, "message");
  EXPECT_EQ(replies[7].parts[2].parts[1].text, "hi");
}

TEST(redis_protocol, a_text_that_is_too_long_is_told_but_not_kept) {
  redis_reader reader{{.text = 4}};
  reader.feed("*2\r\n$5\r\nabcde\r\n$4\r\nabcd\r\n+x\r\n");
  const auto reply = reader.next();
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->parts[0].too_long);
  EXPECT_EQ(reply->parts[0].text, "");
  EXPECT_FALSE(reply->parts[1].too_long);
  EXPECT_EQ(reader.next()->text, "x");
}

TEST(redis_protocol, what_is_no_reply_breaks_the_reader) {
  for (const std::string bytes :
       {"HTTP/1.1 400 Bad Request\r\n", "*17\r\n", "*2147483647\r\n", "*99999999999999999\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"}) {
    redis_reader reader;
    reader.feed(bytes);
    EXPECT_FALSE(reader.next()) << bytes;
    EXPECT_TRUE(reader.is_broken()) << bytes;
    reader.feed("+OK\r\n");
    EXPECT_FALSE(reader.next()) << bytes;
  }
}

TEST(redis_protocol, a_reply_without_end_breaks_the_reader) {
  redis_reader reader{{.pending = 1000}};
  reader.feed("$100000\r\n");
  EXPECT_FALSE(reader.next());
  EXPECT_FALSE(reader.is_broken());
  for (int i = 0; i < 2; ++i) {
    reader.feed(std::string(600, 'x'));
    EXPECT_FALSE(reader.next());
  }
  EXPECT_TRUE(reader.is_broken());
}

} // namespace
} // namespace synapse::actors
