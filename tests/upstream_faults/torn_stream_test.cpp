// A recorded stream that ends after every number of bytes.
#include "tests/upstream_faults/broken_streams.hpp"
#include "tests/upstream_faults/fault_bed.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

namespace synapse::test {
namespace {

/// How one client fared.
enum class fate {
  complete,     ///< everything, [DONE], a proper end
  error_status, ///< a status that says it, before anything else
  told_and_cut, ///< whole events, an error event, no [DONE], no proper end
  deceived      ///< anything else
};

/// The events in `got` (and no others) are the recording's first ones.
bool is_beginning(const std::vector<std::string>& got, std::size_t count) {
  const auto& all = recorded_meaning().data;
  return count <= all.size() &&
         std::equal(got.begin(), got.begin() + static_cast<long>(count), all.begin());
}

fate judge(const http_reply& reply) {
  if (reply.status >= 500) {
    const auto body = nlohmann::json::parse(reply.body, nullptr, false);
    return reply.complete() && body.is_object() && body.contains("error") ? fate::error_status
                                                                          : fate::deceived;
  }
  const auto got = understand(reply.body);
  if (reply.status != 200 || got.malformed || got.after_done || !got.unterminated.empty())
    return fate::deceived;
  if (reply.complete()) {
    const auto& all = recorded_meaning();
    const bool whole = got.content == all.content && got.reasoning == all.reasoning &&
                       got.tool_arguments == all.tool_arguments &&
                       got.finish_reason == all.finish_reason && got.done_seen && !got.error_seen &&
                       is_beginning(got.data, got.data.size() - 1);
    return whole ? fate::complete : fate::deceived;
  }
  if (!is_cut(reply) || got.done_seen || !got.error_seen || got.data.empty())
    return fate::deceived;
  return is_beginning(got.data, got.data.size() - 1) ? fate::told_and_cut : fate::deceived;
}

struct tally {
  std::mutex mutex;
  std::array<std::size_t, 4> fates{};
  std::vector<std::string> wrong;

  void note(std::size_t cut, const http_reply& reply, fate how, bool expected) {
    const std::lock_guard lock{mutex};
    ++fates[static_cast<std::size_t>(how)];
    if (expected && how != fate::deceived)
      return;
    wrong.push_back("after " + std::to_string(cut) + " bytes: fate " +
                    std::to_string(static_cast<int>(how)) + ", " + std::to_string(reply.status) +
                    ", " + std::string{to_string(reply.end)} + "\n" + reply.body);
  }
  void expect_none_wrong() const {
    EXPECT_EQ(wrong.size(), 0u) << wrong.front();
    std::printf("torn streams: %zu complete, %zu error statuses, %zu told and cut\n", fates[0],
                fates[1], fates[2]);
  }
};

/// Plays `answer` cut after n bytes for every n, with `what` behind them.
/// @param complete_from from here on only a complete stream is right; before `complete_possible`
///   it cannot be.
void tear(const std::string& answer, then what, std::size_t complete_possible,
          std::size_t complete_from, std::string_view version = "HTTP/1.1") {
  bed_options how;
  how.retry = "{attempts: 2, waits: [1ms], jitter: 0}";
  fault_bed bed{[&](upstream_connection& connection) {
                  while (const auto request = connection.read_request(milliseconds{600'000})) {
                    const auto cut = std::stoul(request->field("X-Cut"));
                    connection.send(std::string_view{answer}.substr(0, cut));
                    if (what == then::rst)
                      return connection.reset();
                    return connection.close();
                  }
                },
                how};
  tally all;
  in_parallel(answer.size() + 1, 12, [&](std::size_t cut) {
    auto client = bed.gateway.connect();
    client.send(
        "POST " + std::string{chat_path} + " " + std::string{version} +
        "\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Cut: " + std::to_string(cut) +
        "\r\nContent-Length: " + std::to_string(chat_body(true).size()) + "\r\n\r\n" +
        chat_body(true));
    const auto reply = client.read_reply();
    const auto fate_of_it = judge(reply);
    const bool expected =
        (fate_of_it == fate::complete ? cut >= complete_possible : cut < complete_from);
    all.note(cut, reply, fate_of_it, expected);
  });
  all.expect_none_wrong();
  EXPECT_GT(all.fates[0], 0u);
  EXPECT_GT(all.fates[1], 0u);
  bed.expect_at_rest();
}

const std::string chunked_answer = std::string{chunked_stream_head} + chunked(recorded_events());
const std::string closing_answer = std::string{closing_stream_head} + recorded_payload();

/// Bytes up to and including the text.
std::size_t end_of(const std::string& answer, std::string_view text) {
  return answer.rfind(text) + text.size();
}

TEST(torn_stream, in_chunks) {
  const auto done = end_of(chunked_answer, done_event);
  tear(chunked_answer, then::fin, done - 2, done);
}

TEST(torn_stream, that_runs_until_close) {
  // An orderly close may be the end of a stream whose choice is finished.
  const auto finish_begin = closing_answer.rfind("data: {\"choices\":[{\"finish_reason\":\"tool");
  const auto finish_end = closing_answer.find("\n", finish_begin);
  tear(closing_answer, then::fin, finish_end, end_of(closing_answer, "data: [DONE]"));
}

TEST(torn_stream, that_runs_until_close_by_a_reset) {
  tear(closing_answer, then::rst, end_of(closing_answer, "data: [DONE]"),
       closing_answer.size() + 1);
}

/// The client has the first content before the cut comes: there is no status any more to tell it.
TEST(torn_stream, after_the_client_has_seen_the_beginning) {
  const auto begin =
      std::string{chunked_stream_head} + chunk(recorded_events()[0]) + chunk(recorded_events()[1]);
  const auto rest_size = chunked_answer.size() - begin.size();
  std::vector<gate> seen(rest_size + 1);
  fault_bed bed{[&](upstream_connection& connection) {
    const auto request = connection.read_request();
    if (!request)
      return;
    const auto cut = std::stoul(request->field("X-Cut"));
    connection.send(begin);
    seen[cut].wait();
    connection.send(std::string_view{chunked_answer}.substr(begin.size(), cut));
  }};
  tally all;
  in_parallel(rest_size + 1, 12, [&](std::size_t cut) {
    auto client = bed.gateway.connect();
    client.send(chat_request(true, "X-Cut: " + std::to_string(cut) + "\r\n"));
    auto reply = client.read_head();
    EXPECT_TRUE(client.read_until(reply, recorded_events()[1]));
    seen[cut].open();
    client.read_rest(reply);
    const bool done = begin.size() + cut >= end_of(chunked_answer, done_event);
    const auto how = judge(reply);
    all.note(begin.size() + cut, reply, how, how == (done ? fate::complete : fate::told_and_cut));
  });
  all.expect_none_wrong();
  bed.expect_at_rest();
}

} // namespace
} // namespace synapse::test
