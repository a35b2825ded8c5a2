// Backends that cannot be reached.
#include "tests/upstream_faults/fault_bed.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>

namespace synapse::test {
namespace {

std::string url_of(std::uint16_t port) {
  return "http://127.0.0.1:" + std::to_string(port);
}

TEST(connecting, refused_is_tried_again_and_then_503) {
  const closed_port nobody;
  bed_options how;
  how.url = url_of(nobody.port());
  how.retry = quick_retry;
  fault_bed bed{answer_well(), how};
  const auto begun = clock::now();
  const auto reply = bed.chat();
  EXPECT_GE(clock::now() - begun, milliseconds{40}) << "two waits of 20 ms";
  expect_error(reply, 503, "backend_unavailable");
  bed.expect_attempts("refused", 3);
  bed.expect_backend_metric("synapse_upstream_retries_total", {}, 2);
  // Neither of them used up anything, and the client's connection serves on.
  auto client = bed.gateway.connect();
  for (int i = 0; i < 3; ++i)
    expect_error(bed.chat_on(client, true), 503, "backend_unavailable");
  client.close();
  bed.expect_at_rest();
}

TEST(connecting, a_backend_that_comes_up_meanwhile_serves_the_request) {
  // Bound, so that the port is ours, but not listening yet.
  descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  bed_options how;
  how.url = url_of(ntohs(address.sin_port));
  how.retry = "{attempts: 10, waits: [50ms, 100ms, 500ms], jitter: 0}";
  fault_bed bed{answer_well(), how};
  auto client = bed.gateway.connect();
  client.send(chat_request());
  ASSERT_TRUE(wait_until([&] { return bed.attempts("refused") >= 1; }));
  ASSERT_EQ(::listen(socket.get(), 8), 0);
  byte_stream backend{descriptor{::accept(socket.get(), nullptr, nullptr)}, -1};
  std::string request;
  while (request.find(chat_body()) == std::string::npos)
    ASSERT_EQ(backend.receive(request, patience), io_result::data);
  ASSERT_EQ(backend.send(answer_bytes(200, completion_body()), patience), io_result::data);
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.body, completion_body());
  bed.expect_attempts("ok", 1);
}

TEST(connecting, a_host_without_an_address_is_503) {
  bed_options how;
  // Too long for a label of the DNS: no name server is asked, so none can be slow.
  how.url = "http://" + std::string(64, 'a') + ".invalid:80";
  how.retry = quick_retry;
  fault_bed bed{answer_well(), how};
  expect_error(bed.chat(), 503, "backend_unavailable");
  expect_error(bed.chat(true), 503, "backend_unavailable");
  bed.expect_backend_metric("synapse_permits_denied_total", R"(reason="no_address")", 2);
  EXPECT_EQ(bed.attempts("refused"), 0) << "nothing was tried";
  EXPECT_EQ(bed.upstream.connections(), 0u);
  bed.expect_at_rest();
}

TEST(connecting, a_dead_backend_does_not_touch_the_gateways_own_routes) {
  const closed_port nobody;
  bed_options how;
  how.url = url_of(nobody.port());
  fault_bed bed{answer_well(), how};
  expect_error(bed.chat(), 503, "backend_unavailable");
  EXPECT_EQ(bed.gateway.get("/livez").status, 200u);
  EXPECT_EQ(bed.gateway.get("/readyz").status, 200u);
}

} // namespace
} // namespace synapse::test
