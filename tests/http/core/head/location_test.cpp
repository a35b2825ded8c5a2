#include "http/core/head/location.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace synapse::http {
namespace {

std::string own(std::string_view reference, std::string_view authority = "10.0.0.1:8080",
                std::string_view base = {}) {
  std::string out = "=";
  const bool changed = append_own_location(out, reference, authority, base);
  EXPECT_EQ(changed, out.size() > 1) << reference;
  return changed ? out.substr(1) : "as it is";
}

TEST(location, at_the_backend_is_a_path_of_the_gateway) {
  EXPECT_EQ(own("http://10.0.0.1:8080/v1/x?y=1#z"), "/v1/x?y=1#z");
  EXPECT_EQ(own("HTTP://10.0.0.1:8080"), "/");
  EXPECT_EQ(own("http://10.0.0.1:8080?y"), "/?y");
  EXPECT_EQ(own("//10.0.0.1:8080/a"), "/a");
  EXPECT_EQ(own("https://10.0.0.1:8080/a"), "/a") << "built with X-Forwarded-Proto";
  EXPECT_EQ(own("http://Backend.Example/a", "backend.example"), "/a");
  EXPECT_EQ(own("http://backend.example:80/a", "backend.example"), "/a");
  EXPECT_EQ(own("https://backend.example:443/a", "backend.example"), "/a");
  EXPECT_EQ(own("http://[fd00::1]/a", "[fd00::1]"), "/a");
  EXPECT_EQ(own("http://[fd00::1]:81/a", "[fd00::1]:81"), "/a");
}

TEST(location, loses_the_base_path_that_the_gateway_puts_before) {
  EXPECT_EQ(own("http://10.0.0.1:8080/base/x", "10.0.0.1:8080", "/base"), "/x");
  EXPECT_EQ(own("http://10.0.0.1:8080/base", "10.0.0.1:8080", "/base"), "/");
  EXPECT_EQ(own("http://10.0.0.1:8080/basement", "10.0.0.1:8080", "/base"), "/basement");
  EXPECT_EQ(own("/base/x?y", "10.0.0.1:8080", "/base"), "/x?y");
  EXPECT_EQ(own("/base?y", "10.0.0.1:8080", "/base"), "/?y");
}

TEST(location, elsewhere_is_left_alone) {
  for (const std::string_view reference :
       {"http://example.com/x", "http://10.0.0.1/x", "http://10.0.0.1:80801/x", "//example.com/x",
        "http://10.0.0.1:8080.example.com/x", "http://10.0.0.1:8080@example.com/", "/x", "x/y", "",
        "?y", "ftp://10.0.0.1:8080/x", "http:/x", "http:x", "/basement"})
    EXPECT_EQ(own(reference, "10.0.0.1:8080", "/base"), "as it is") << reference;
}

TEST(location, never_becomes_the_name_of_a_host) {
  EXPECT_EQ(own("http://10.0.0.1:8080//evil.example/x"), "/evil.example/x");
  EXPECT_EQ(own("http://10.0.0.1:8080/\\evil.example"), "/evil.example");
  EXPECT_EQ(own("http://10.0.0.1:8080/base//evil.example", "10.0.0.1:8080", "/base"),
            "/evil.example");
  EXPECT_EQ(own("/base//evil.example", "10.0.0.1:8080", "/base"), "/evil.example");
}

} // namespace
} // namespace synapse::http
