#include "actors/backends/backend_place.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::actors {
namespace {

config::backend_url url(const std::string& host, std::uint16_t port = 8001) {
  config::backend_url made;
  made.host = host;
  made.port = port;
  return made;
}

TEST(backend_place, is_that_of_the_url) {
  EXPECT_EQ(place_of(url("vllm.example")), place_of(url("vllm.example")));
  EXPECT_NE(place_of(url("vllm.example")), place_of(url("vllm.example", 8002)));
  EXPECT_NE(place_of(url("vllm.example")), place_of(url("other.example")));
}

TEST(backend_place, of_a_loopback_address_is_this_machines) {
  EXPECT_EQ(loopback_of(url("vllm.example")), 0U);
  EXPECT_EQ(loopback_of(url("10.0.0.1")), 0U);
  EXPECT_NE(loopback_of(url("127.0.0.1")), 0U);
  EXPECT_EQ(loopback_of(url("127.0.0.1")), loopback_of(url("localhost")));
  EXPECT_EQ(place_of(url("localhost")), place_of(url("localhost")));
}

} // namespace
} // namespace synapse::actors
