// Three hundred clients that leave at random, with backends that fail at random.
#include "tests/upstream_faults/fault_bed.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace synapse::test {
namespace {

constexpr std::uint32_t seed = 20'240'607;

std::string stream_bytes() {
  return std::string{chunked_stream_head} + chunked(recorded_events());
}

/// What the backend does with plan `plan`.
void play(upstream_connection& connection, unsigned long plan) {
  const auto bytes = plan % 2 ? stream_bytes() : answer_bytes(200, completion_body());
  const auto cut = plan / 8 % bytes.size();
  switch (plan % 8) {
  case 0:
  case 1: // all at once
    connection.send(bytes);
    return;
  case 2:
  case 3: // slowly
    connection.send_in_pieces(bytes, 1 + cut / 4, [&](std::size_t) {
      return !connection.wait_until_peer_closes(milliseconds{1});
    });
    return;
  case 4:
  case 5: // a part, and silence
    connection.send(std::string_view{bytes}.substr(0, cut));
    connection.wait_until_peer_closes();
    return connection.close();
  case 6: // a part, and a reset
    connection.send(std::string_view{bytes}.substr(0, cut));
    return connection.reset();
  default: // a part, and an end
    connection.send(std::string_view{bytes}.substr(0, cut));
    return connection.close();
  }
}

/// One client: sends some or all of a request, reads for a while, leaves.
void visit(const fault_bed& bed, std::size_t number) {
  std::mt19937 random{seed + static_cast<std::uint32_t>(number)};
  const auto up_to = [&](std::size_t n) { return random() % (n + 1); };
  client_options hasty;
  hasty.limit = milliseconds{1 + up_to(30)};
  if (up_to(3) == 0)
    hasty.receive_buffer = 4096;
  auto client = bed.gateway.connect(hasty);
  const auto plan = "X-Plan: " + std::to_string(random()) + "\r\n";
  const auto request = up_to(3) == 0
                           ? request_bytes("POST", raw_path, std::string(up_to(60'000), 'b'), plan)
                           : chat_request(up_to(1) == 0, plan);
  const bool whole = up_to(3) != 0;
  client.send(whole ? request : request.substr(0, up_to(request.size())));
  if (whole && up_to(4) != 0) {
    // For as long as its patience lasts.
    auto reply = client.read_head();
    if (up_to(1) == 0)
      client.read_rest(reply);
  }
  if (up_to(4) == 0)
    client.shutdown_send();
  up_to(1) ? client.reset() : client.close();
}

TEST(random_aborts, leave_nothing_behind) {
  bed_options how;
  how.concurrency = "{max_requests: 4, queue_timeout: 60s}";
  how.timeouts = "{connect: 60s, response: 60s, first_token: 60s, idle: 60s}";
  how.retry = "{attempts: 3, waits: [1ms], jitter: 0.5}";
  how.pool = "{idle_timeout: 200ms}";
  fault_bed bed{[](upstream_connection& connection) {
                  while (const auto request = connection.read_request(milliseconds{600'000}))
                    if (connection.stream().is_open())
                      play(connection, std::stoul(request->field("X-Plan")));
                },
                how};
  in_parallel(300, 8, [&](std::size_t number) { visit(bed, number); });
  bed.expect_at_rest();
  EXPECT_GT(bed.attempts("canceled"), 20) << "too few of them left in the middle";
  // All four permits are there.
  gate go;
  ASSERT_TRUE(bed.wait_for_backend_metric("synapse_pool_connections", R"(state="idle")", 0));
  // The backend may still be reading what the gateway has long given up.
  ASSERT_TRUE(wait_until([&] { return bed.upstream.open_connections() == 0; }));
  const auto before = bed.upstream.requests();
  bed.upstream.set_script([&](upstream_connection& connection) {
    while (connection.read_request(milliseconds{600'000})) {
      go.wait();
      connection.reply(200, completion_body());
    }
  });
  std::vector<raw_client> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(bed.gateway.connect());
    clients.back().send(chat_request());
  }
  EXPECT_TRUE(bed.upstream.wait_for_requests(before + 4));
  EXPECT_TRUE(bed.wait_for_backend_metric("synapse_upstream_waiting", {}, 1));
  EXPECT_EQ(bed.upstream.requests(), before + 4);
  go.open();
  for (auto& client : clients)
    EXPECT_TRUE(client.read_reply().ok());
  clients.clear();
  bed.expect_at_rest();
}

} // namespace
} // namespace synapse::test
