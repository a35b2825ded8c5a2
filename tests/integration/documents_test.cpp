// What the gateway tells about itself: metrics, OpenAPI document and docs page.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace synapse::integration {
namespace {

using support::gateway_process;

/// With a token: what is behind the gate answers 401 instead of what its settings say. Without the
/// front end, whether or not it is built beside the program: /docs is the gateway's own page.
gateway_process::options with_gate() {
  gateway_process::options how;
  how.environment["SYNAPSE_DASHBOARD_ACCESS_TOKEN"] = "s3cret-dashboard-token";
  how.environment["SYNAPSE_DASHBOARD_DIR"] = "/nonexistent";
  return how;
}

class documents : public ::testing::Test {
protected:
  support::scripted_upstream upstream_{echo()};
  gateway_process gateway_{chat_config(upstream_), with_gate()};
};

/// One sample line of the text format.
struct sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

/// Parses the whole exposition; adds a failure for every line that is none.
std::vector<sample> parse_metrics(const std::string& text,
                                  std::map<std::string, std::string>& types) {
  static const std::regex line_form{
      R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.eE+-]+|[+-]Inf|NaN))"};
  static const std::regex label_form{R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(,|$))re"};
  std::vector<sample> samples;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# TYPE ", 0) == 0) {
      std::istringstream words{line.substr(7)};
      std::string name, type;
      words >> name >> type;
      EXPECT_TRUE(types.emplace(name, type).second) << "declared twice: " << line;
      continue;
    }
    if (line.rfind("# HELP ", 0) == 0)
      continue;
    std::smatch parts;
    if (!std::regex_match(line, parts, line_form)) {
      ADD_FAILURE() << "not a sample: " << line;
      continue;
    }
    sample one{parts[1], {}, std::strtod(parts[3].str().c_str(), nullptr)};
    const auto labels = parts[2].str();
    std::size_t used = 0;
    for (std::sregex_iterator it{labels.begin(), labels.end(), label_form}, end; it != end; ++it) {
      one.labels[(*it)[1]] = (*it)[2];
      used += static_cast<std::size_t>(it->length());
    }
    EXPECT_EQ(used, labels.size()) << line;
    samples.push_back(std::move(one));
  }
  return samples;
}

TEST_F(documents, metrics_are_well_formed_and_add_up) {
  gateway_.post(chat_path, chat_body, json_type);
  gateway_.get("/nowhere");
  // Counted once the answer is out, which may be a moment after its client has it.
  EXPECT_TRUE(gateway_.wait_for_metric("synapse_requests_total",
                                       R"(route="/v1/chat/completions",code="200")", 1));
  EXPECT_TRUE(gateway_.wait_for_metric("synapse_requests_total", R"(code="404")", 1));
  EXPECT_EQ(
      gateway_.metric("synapse_upstream_attempts_total", R"(backend="llama-router",result="ok")"),
      1);
  const auto reply = gateway_.get("/metrics");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.field("Content-Type").substr(0, 10), "text/plain");
  EXPECT_TRUE(reply.body.ends_with("\n"));
  std::map<std::string, std::string> types;
  const auto samples = parse_metrics(reply.body, types);
  std::set<std::string> seen;
  std::map<std::string, double> buckets, last_bucket;
  for (const auto& one : samples) {
    std::string key = one.name;
    std::string series = one.name;
    for (const auto& [name, value] : one.labels) {
      key += "," + name + "=" + value;
      if (name != "le")
        series += "," + name + "=" + value;
    }
    EXPECT_TRUE(seen.insert(key).second) << "twice: " << key;
    auto family = one.name;
    for (const std::string end : {"_bucket", "_sum", "_count"})
      if (!types.contains(family) && family.ends_with(end))
        family.resize(family.size() - end.size());
    EXPECT_TRUE(types.contains(family)) << "no TYPE: " << one.name;
    if (types[family] == "counter") {
      EXPECT_TRUE(one.name.ends_with("_total")) << one.name;
      EXPECT_GE(one.value, 0) << key;
    }
    if (one.labels.contains("le")) {
      EXPECT_GE(one.value, last_bucket[series]) << "not cumulative: " << key;
      last_bucket[series] = one.value;
      if (one.labels.at("le") == "+Inf")
        buckets[series.replace(series.find("_bucket"), 7, "_count")] = one.value;
    }
  }
  EXPECT_FALSE(buckets.empty());
  for (const auto& one : samples) {
    std::string key = one.name;
    for (const auto& [name, value] : one.labels)
      key += "," + name + "=" + value;
    if (buckets.contains(key)) {
      EXPECT_EQ(one.value, buckets[key]) << key;
    }
  }
}

TEST_F(documents, metrics_have_no_labels_that_clients_choose) {
  // Otherwise every scan of the internet would leave new series behind.
  const auto series = [&] {
    const auto text = gateway_.get("/metrics").body;
    return std::count(text.begin(), text.end(), '\n');
  };
  const auto request = [&](int i) {
    const auto n = std::to_string(i);
    gateway_.get("/unknown/" + n);
    gateway_.get("/v1/models/" + n);
    auto client = gateway_.connect();
    client.send("METHOD" + n + " /x HTTP/1.1\r\nHost: h" + n + "\r\n\r\n");
    client.read_reply();
  };
  request(0);
  gateway_.get("/metrics");
  // A request is counted after its answer, but before its connection ends.
  EXPECT_TRUE(gateway_.wait_for_metric("synapse_connections", R"(state="open")", 1));
  const auto before = series();
  for (int i = 1; i < 20; ++i)
    request(i);
  EXPECT_EQ(series(), before);
}

TEST_F(documents, openapi_describes_every_route_it_serves) {
  const auto reply = gateway_.get("/openapi.json");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.field("Content-Type"), "application/json");
  const auto document = nlohmann::json::parse(reply.body);
  EXPECT_EQ(document["openapi"].get<std::string>().substr(0, 2), "3.");
  EXPECT_FALSE(document["info"]["version"].get<std::string>().empty());
  std::set<std::string> ids;
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items()) {
      if (method == "parameters")
        continue;
      SCOPED_TRACE(method + " " + path);
      EXPECT_TRUE(ids.insert(operation["operationId"].get<std::string>()).second);
      EXPECT_FALSE(operation["responses"].empty());
      // It is there: whatever it answers to an empty request, it knows path and method.
      auto upper = method;
      for (auto& c : upper)
        c = static_cast<char>(std::toupper(c));
      auto client = gateway_.connect();
      client.send(support::request_bytes(upper, path));
      const auto status = client.read_head().status;
      EXPECT_NE(status, 405u);
      EXPECT_TRUE(status != 404u || path.find('{') != std::string::npos);
    }
  for (const std::string path : {"/v1/chat/completions", "/v1/embeddings", "/v1/models", "/models",
                                 "/health", "/livez", "/readyz", "/metrics"})
    EXPECT_TRUE(document["paths"].contains(path)) << path;
}

void expect_references(const nlohmann::json& document, const nlohmann::json& part) {
  if (part.is_object() && part.contains("$ref")) {
    const auto target = part["$ref"].get<std::string>();
    ASSERT_EQ(target.substr(0, 2), "#/");
    EXPECT_TRUE(document.contains(nlohmann::json::json_pointer{target.substr(1)})) << target;
  }
  if (part.is_structured())
    for (const auto& inner : part)
      expect_references(document, inner);
}

TEST_F(documents, openapi_references_lead_somewhere) {
  const auto document = nlohmann::json::parse(gateway_.get("/openapi.json").body);
  expect_references(document, document);
}

TEST_F(documents, docs_page_names_every_path_and_runs_nothing) {
  const auto reply = gateway_.get("/docs");
  EXPECT_NE(reply.field("Content-Security-Policy").find("frame-ancestors 'none'"),
            std::string::npos);
  EXPECT_EQ(reply.field("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(reply.field("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(reply.field("Cross-Origin-Opener-Policy"), "same-origin");
  EXPECT_NE(reply.field("Permissions-Policy"), "");
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_NE(reply.field("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
  const auto document = nlohmann::json::parse(gateway_.get("/openapi.json").body);
  for (const auto& [path, methods] : document["paths"].items())
    EXPECT_NE(reply.body.find(path), std::string::npos) << path;
  for (const std::string part : {"<script", "http-equiv", " src=", "onload="})
    EXPECT_EQ(reply.body.find(part), std::string::npos) << part;
}

} // namespace
} // namespace synapse::integration
