#include "http/server/routes/route_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::server {
namespace {

/// A table whose routes are told apart by method and path: nobody is called here.
struct routing : testing::Test {
  void add(std::string method, std::string path) {
    route entry;
    entry.method = std::move(method);
    entry.path = std::move(path);
    table.add(std::move(entry));
  }

  void add_with_slashes(std::string method, std::string path) {
    route entry;
    entry.method = std::move(method);
    entry.path = std::move(path);
    entry.slashes = true;
    table.add(std::move(entry));
  }

  /// "METHOD path" of the route that serves the request, "405 Allow", or "404".
  std::string served_by(std::string_view method, std::string_view path) const {
    const auto match = table.match(method, path);
    if (match.found) {
      EXPECT_EQ(match.allow, "") << method << ' ' << path;
      return match.found->method + ' ' + match.found->path;
    }
    return match.allow.empty() ? "404" : "405 " + match.allow;
  }

  /// "name=value" of each parameter.
  std::vector<std::string> parameters_of(std::string_view method, std::string_view path) const {
    std::vector<std::string> result;
    for (const auto& parameter : table.match(method, path).parameters)
      result.push_back(std::string{parameter.name} + '=' + std::string{parameter.value});
    return result;
  }

  using list = std::vector<std::string>;
  route_table table;
};

// ---- static paths ----

TEST_F(routing, finds_the_exact_path) {
  add("GET", "/health");
  add("GET", "/v1/models");
  add("GET", "/");
  EXPECT_EQ(served_by("GET", "/health"), "GET /health");
  EXPECT_EQ(served_by("GET", "/v1/models"), "GET /v1/models");
  EXPECT_EQ(served_by("GET", "/"), "GET /");
  EXPECT_TRUE(table.match("GET", "/health").parameters.empty());
}

TEST_F(routing, finds_nothing_that_only_looks_alike) {
  add("GET", "/health");
  add("GET", "/v1/models");
  for (const auto* path :
       {"/", "", "*", "/health/", "/healthy", "/healt", "//health", "/Health", "/v1", "/v1/",
        "/v1/models/", "/v1/models/x", "/v1//models", "/%68ealth", "/health?x", "health"})
    EXPECT_EQ(served_by("GET", path), "404") << path;
}

TEST_F(routing, finds_nothing_in_an_empty_table) {
  EXPECT_EQ(served_by("GET", "/"), "404");
  EXPECT_EQ(table.fallback(), nullptr);
  EXPECT_TRUE(table.all().empty());
}

TEST_F(routing, hands_out_the_very_route_that_was_added) {
  route entry;
  entry.method = "GET";
  entry.path = "/secret";
  entry.who = access::dashboard;
  bool called = false;
  entry.handle = [&called](exchange&) -> net::task<void> {
    called = true;
    throw 1; // never started here
    co_return;
  };
  table.add(std::move(entry));
  const auto match = table.match("GET", "/secret");
  ASSERT_EQ(table.all().size(), 1U);
  EXPECT_EQ(match.found, table.all().front().get());
  EXPECT_EQ(match.found->who, access::dashboard);
  EXPECT_TRUE(match.found->handle);
  EXPECT_FALSE(called) << "looking up calls nobody";
}

TEST_F(routing, says_that_a_route_is_open_unless_told_otherwise) {
  EXPECT_EQ(route{}.who, access::open);
}

// ---- methods ----

TEST_F(routing, tells_methods_of_one_path_apart) {
  add("GET", "/things");
  add("POST", "/things");
  add("DELETE", "/things");
  EXPECT_EQ(served_by("GET", "/things"), "GET /things");
  EXPECT_EQ(served_by("POST", "/things"), "POST /things");
  EXPECT_EQ(served_by("DELETE", "/things"), "DELETE /things");
}

TEST_F(routing, serves_head_where_it_serves_get) {
  add("GET", "/health");
  add("GET", "/models/{id}");
  add("POST", "/chat");
  EXPECT_EQ(served_by("HEAD", "/health"), "GET /health");
  EXPECT_EQ(served_by("HEAD", "/models/x"), "GET /models/{id}");
  EXPECT_EQ(served_by("HEAD", "/chat"), "405 POST, OPTIONS");
}

TEST_F(routing, lists_the_methods_of_a_path_when_only_the_method_is_wrong) {
  add("POST", "/chat");
  add("GET", "/health");
  add("GET", "/things");
  add("POST", "/things");
  add("DELETE", "/things");
  EXPECT_EQ(served_by("GET", "/chat"), "405 POST, OPTIONS");
  EXPECT_EQ(served_by("POST", "/health"), "405 GET, HEAD, OPTIONS");
  EXPECT_EQ(served_by("PUT", "/things"), "405 GET, HEAD, POST, DELETE, OPTIONS");
  EXPECT_EQ(served_by("OPTIONS", "/things"), "405 GET, HEAD, POST, DELETE, OPTIONS")
      << "whoever answers OPTIONS takes the list from here";
  EXPECT_EQ(served_by("PUT", "/nothing"), "404");
}

TEST_F(routing, takes_methods_literally) {
  add("GET", "/health");
  for (const auto* method : {"get", "Get", "GE", "GETT", "", "head"})
    EXPECT_EQ(served_by(method, "/health"), "405 GET, HEAD, OPTIONS") << method;
}

// ---- parameters ----

TEST_F(routing, lets_a_parameter_stand_for_one_segment) {
  add("GET", "/models/{id}");
  add("POST", "/models/{id}/profile");
  add("GET", "/a/{first}/b/{second}");
  EXPECT_EQ(served_by("GET", "/models/llama"), "GET /models/{id}");
  EXPECT_EQ(parameters_of("GET", "/models/llama"), list{"id=llama"});
  EXPECT_EQ(served_by("POST", "/models/llama/profile"), "POST /models/{id}/profile");
  EXPECT_EQ(parameters_of("POST", "/models/llama/profile"), list{"id=llama"});
  EXPECT_EQ(parameters_of("GET", "/a/1/b/2"), (list{"first=1", "second=2"}));
}

TEST_F(routing, needs_a_segment_for_each_parameter) {
  add("GET", "/models/{id}");
  add("GET", "/models/{id}/profile");
  add("GET", "/a/{x}/b/{y}");
  for (const auto* path : {"/models/", "/models", "/models//profile", "/models//", "/models/x/",
                           "/models/x/y", "/models/x/profile/", "/models/x/profile/z", "/a/1/b/",
                           "/a/1/b", "/a//b/2", "/a/1/c/2", "/A/1/b/2", "", "/", "*"})
    EXPECT_EQ(served_by("GET", path), "404") << path;
}

TEST_F(routing, hands_parameters_out_as_they_were_received) {
  add("GET", "/models/{id}");
  for (const std::string value : {"a%2Fb", "%7Bid%7D", "a%20b", "{id}", "a+b", "..", "%", "%00",
                                  "sp\xc3\xa4t", "a;v=1", "a:b@c"})
    EXPECT_EQ(parameters_of("GET", "/models/" + value), list{"id=" + value});
}

TEST_F(routing, does_not_decode_static_segments_either) {
  add("GET", "/models/{id}/profile");
  EXPECT_EQ(served_by("GET", "/models/x/%70rofile"), "404");
  EXPECT_EQ(served_by("GET", "/m%6Fdels/x/profile"), "404");
}

TEST_F(routing, refers_to_the_path_that_was_asked_for_and_to_its_own_names) {
  add("GET", "/models/{id}");
  const std::string path = "/models/llama";
  auto match = table.match("GET", path);
  ASSERT_EQ(match.parameters.size(), 1U);
  EXPECT_EQ(match.parameters[0].value.data(), path.data() + 8) << "nothing is copied";
  add("GET", "/other/{id}");
  add("GET", "/more/{id}");
  EXPECT_EQ(match.parameters[0].name, "id") << "names stay valid as long as the table";
}

TEST_F(routing, hands_out_only_the_parameters_of_the_route_that_serves) {
  add("GET", "/a/{one}/b/{two}/c");
  add("GET", "/a/{three}/b/{four}/d");
  EXPECT_EQ(parameters_of("GET", "/a/1/b/2/d"), (list{"three=1", "four=2"}));
  const auto match = table.match("GET", "/a/1/b/2/e");
  EXPECT_EQ(match.found, nullptr);
  EXPECT_TRUE(match.parameters.empty()) << "the half that did fit is forgotten";
  EXPECT_EQ(match.allow, "");
}

TEST_F(routing, tells_methods_of_one_pattern_apart) {
  add("GET", "/models/{id}");
  add("POST", "/models/{id}");
  EXPECT_EQ(served_by("GET", "/models/x"), "GET /models/{id}");
  EXPECT_EQ(served_by("POST", "/models/x"), "POST /models/{id}");
  EXPECT_EQ(served_by("HEAD", "/models/x"), "GET /models/{id}");
  EXPECT_EQ(served_by("PUT", "/models/x"), "405 GET, HEAD, POST, OPTIONS");
}

// ---- parameters with slashes ----

TEST_F(routing, lets_a_parameter_with_slashes_stand_for_several_segments) {
  add_with_slashes("GET", "/v1/models/{id}");
  add_with_slashes("GET", "/models/{id}/profile");
  add_with_slashes("POST", "/models/{id}/profile/apply");
  EXPECT_EQ(parameters_of("GET", "/v1/models/plain"), list{"id=plain"});
  EXPECT_EQ(parameters_of("GET", "/v1/models/org/m"), list{"id=org/m"});
  EXPECT_EQ(parameters_of("GET", "/v1/models/a/b%2Fc:q4/d"), list{"id=a/b%2Fc:q4/d"});
  EXPECT_EQ(parameters_of("GET", "/models/org/m/profile"), list{"id=org/m"});
  EXPECT_EQ(parameters_of("GET", "/models/profile/profile"), list{"id=profile"});
  EXPECT_EQ(parameters_of("POST", "/models/org/m/profile/apply"), list{"id=org/m"});
  EXPECT_EQ(served_by("HEAD", "/v1/models/org/m"), "GET /v1/models/{id}");
  EXPECT_EQ(served_by("DELETE", "/v1/models/org/m"), "405 GET, HEAD, OPTIONS");
}

TEST_F(routing, needs_something_for_a_parameter_with_slashes) {
  add_with_slashes("GET", "/v1/models/{id}");
  add_with_slashes("GET", "/models/{id}/profile");
  for (const auto* path :
       {"/v1/models/", "/v1/models", "/v1/models//", "/v1/models//a", "/v1/models/a/",
        "/v1/models/a//b", "/models/profile", "/models//profile", "/models/a//profile",
        "/models//a/profile", "/models/a/profiles", "/models/a/profile/"})
    EXPECT_EQ(served_by("GET", path), "404") << path;
}

TEST_F(routing, keeps_the_name_of_a_parameter_with_slashes_while_routes_are_added) {
  add_with_slashes("GET", "/v1/models/{id}");
  const std::string path = "/v1/models/org/m";
  const auto match = table.match("GET", path);
  for (int i = 0; i < 50; ++i)
    add_with_slashes("GET", "/more" + std::to_string(i) + "/{id}");
  ASSERT_EQ(match.parameters.size(), 1U);
  EXPECT_EQ(match.parameters[0].name, "id");
  EXPECT_EQ(match.parameters[0].value.data(), path.data() + 11) << "nothing is copied";
}

// ---- conflicts ----

TEST_F(routing, prefers_a_static_path) {
  add("GET", "/models/active");
  add("GET", "/models/{id}");
  EXPECT_EQ(served_by("GET", "/models/active"), "GET /models/active");
  EXPECT_TRUE(parameters_of("GET", "/models/active").empty());
  EXPECT_EQ(served_by("GET", "/models/default"), "GET /models/{id}");
}

/// In builds with assertions, too.
TEST_F(routing, prefers_a_static_path_that_was_added_last) {
  add("GET", "/voices/{id}");
  add("GET", "/voices/default");
  EXPECT_EQ(served_by("GET", "/voices/default"), "GET /voices/default");
  EXPECT_TRUE(parameters_of("GET", "/voices/default").empty());
  EXPECT_EQ(served_by("GET", "/voices/active"), "GET /voices/{id}");
}

TEST_F(routing, prefers_a_static_path_with_its_methods) {
  add("GET", "/models/active");
  add("DELETE", "/models/{id}");
  EXPECT_EQ(served_by("DELETE", "/models/active"), "405 GET, HEAD, OPTIONS");
  EXPECT_EQ(served_by("DELETE", "/models/other"), "DELETE /models/{id}");
}

TEST_F(routing, tells_patterns_apart_by_their_static_segments) {
  add("GET", "/models/{id}/profile");
  add("GET", "/models/{id}/state");
  add("GET", "/voices/{id}/state");
  EXPECT_EQ(served_by("GET", "/models/x/profile"), "GET /models/{id}/profile");
  EXPECT_EQ(served_by("GET", "/models/x/state"), "GET /models/{id}/state");
  EXPECT_EQ(served_by("GET", "/voices/x/state"), "GET /voices/{id}/state");
  EXPECT_EQ(served_by("GET", "/voices/x/profile"), "404");
}

TEST_F(routing, finds_the_method_in_any_pattern_that_fits) {
  add("GET", "/models/{id}");
  add("DELETE", "/models/{name}");
  EXPECT_EQ(served_by("DELETE", "/models/x"), "DELETE /models/{name}");
  EXPECT_EQ(parameters_of("DELETE", "/models/x"), list{"name=x"});
}

// ---- fallback ----

TEST_F(routing, keeps_the_fallback_apart_from_the_routes) {
  add("GET", "/health");
  route entry;
  entry.path = "(configured)";
  table.set_fallback(std::move(entry));
  ASSERT_NE(table.fallback(), nullptr);
  EXPECT_EQ(table.fallback()->path, "(configured)");
  EXPECT_EQ(served_by("GET", "/anything"), "404") << "whoever asks decides to fall back";
  EXPECT_EQ(served_by("POST", "/health"), "405 GET, HEAD, OPTIONS");
  EXPECT_EQ(served_by("GET", "(configured)"), "404");
  EXPECT_EQ(table.all().size(), 1U);
}

// ---- many routes ----

TEST_F(routing, lists_all_routes_in_the_order_they_were_added) {
  add("GET", "/b");
  add("POST", "/a/{id}");
  add("GET", "/a");
  list seen;
  for (const auto& each : table.all())
    seen.push_back(each->method + ' ' + each->path);
  EXPECT_EQ(seen, (list{"GET /b", "POST /a/{id}", "GET /a"}));
}

TEST_F(routing, finds_every_one_of_many_routes_and_keeps_them_in_place) {
  constexpr int count = 300;
  add("GET", "/static/0");
  const auto* first = table.match("GET", "/static/0").found;
  for (int i = 1; i < count; ++i)
    add("GET", "/static/" + std::to_string(i));
  for (int i = 0; i < count; ++i)
    add("PUT", "/pattern/" + std::to_string(i) + "/{value}");
  EXPECT_EQ(table.match("GET", "/static/0").found, first);
  for (int i = 0; i < count; ++i) {
    const auto number = std::to_string(i);
    EXPECT_EQ(served_by("GET", "/static/" + number), "GET /static/" + number);
    EXPECT_EQ(parameters_of("PUT", "/pattern/" + number + "/v" + number), list{"value=v" + number});
  }
}

} // namespace
} // namespace synapse::server
