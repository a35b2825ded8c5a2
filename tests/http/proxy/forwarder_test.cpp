#include "http/proxy/forwarder.hpp"

#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

using counted = telemetry::attempt_result;
using http::response_detail;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(forwarder, carries_a_request_there_and_its_answer_back) {
  proxy_rig rig;
  rig.forward(post("/x?y=1", "hello", "X-Own: 1\r\nAuthorization: Bearer k\r\n"));
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "hello");
  EXPECT_THAT(backend.received(), testing::StartsWith("POST /x?y=1 HTTP/1.1\r\nHost: backend.example:8080\r\n"));
  EXPECT_THAT(backend.received(), HasSubstr("X-Own: 1\r\n"));
  EXPECT_THAT(backend.received(), HasSubstr("Authorization: Bearer k\r\n"));
  EXPECT_THAT(backend.received(), testing::EndsWith("\r\n\r\nhello"));
  backend.send("HTTP/1.1 201 Made\r\nContent-Length: 3\r\nX-Its: 2\r\n\r\nyes");
  const auto& seen = rig.end();
  EXPECT_EQ(seen.end, forward_end::replied);
  rig.until_client_has("yes");
  const auto answer = rig.answer();
  EXPECT_EQ(answer.status, 201U);
  EXPECT_EQ(answer.body, "yes");
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.field("X-Its"), "2");
  EXPECT_EQ(answer.field("X-Synapse-Backend"), "b");
  EXPECT_EQ(seen.record.status, 201U);
  EXPECT_EQ(seen.record.backend, "b");
  EXPECT_EQ(seen.record.attempts, 1U);
  EXPECT_EQ(seen.record.detail, response_detail::via_upstream);
  EXPECT_EQ(rig.attempts(counted::ok), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "completed 1"));
  EXPECT_EQ(rig.idle(), 1U);
  EXPECT_TRUE(rig.at_rest());
}

} // namespace
} // namespace synapse::proxy
