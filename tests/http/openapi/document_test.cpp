#include "config/defaults/route_defaults.hpp"
#include "http/openapi/api_routes.hpp"
#include "http/openapi/document.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {
namespace {

using json = nlohmann::json;

/// The names in {braces} of a path.
std::set<std::string> parameters_of(std::string_view path) {
  std::set<std::string> names;
  for (std::size_t open = path.find('{'); open != std::string_view::npos;
       open = path.find('{', open + 1))
    names.emplace(path.substr(open + 1, path.find('}', open) - open - 1));
  return names;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string upper(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

bool is_text(const json& value) {
  return value.is_string() && !value.get_ref<const std::string&>().empty();
}

/// Calls `visit` with every object in `value` and where it stands.
void each_object(const json& value, const std::string& at,
                 const std::function<void(const json&, const std::string&)>& visit) {
  if (value.is_object())
    visit(value, at);
  if (value.is_structured())
    for (const auto& [key, child] : value.items())
      each_object(child, at + '/' + key, visit);
}

/// Whether `schema` is one of JSON Schema 2020-12, as far as the keywords go that we use.
void expect_schema(const json& schema, const std::string& at);

void expect_schema_keyword(const std::string& key, const json& value, const std::string& at) {
  static const std::set<std::string> types{"string", "number", "integer", "boolean",
                                           "array",  "object", "null"};
  if (key == "type") {
    const auto all = value.is_array() ? value : json::array({value});
    EXPECT_FALSE(all.empty()) << at;
    for (const auto& type : all)
      EXPECT_TRUE(type.is_string() && types.contains(type.get<std::string>())) << at << type;
  } else if (key == "properties") {
    ASSERT_TRUE(value.is_object()) << at;
    for (const auto& [name, property] : value.items())
      expect_schema(property, at + '/' + name);
  } else if (key == "items" || key == "additionalProperties") {
    expect_schema(value, at);
  } else if (key == "required") {
    ASSERT_TRUE(value.is_array()) << at;
    for (const auto& name : value)
      EXPECT_TRUE(is_text(name)) << at;
  } else if (key == "enum") {
    EXPECT_TRUE(value.is_array() && !value.empty()) << at;
  } else if (key == "minimum" || key == "maximum" || key == "exclusiveMinimum") {
    EXPECT_TRUE(value.is_number()) << at;
  } else if (key == "minItems" || key == "maxItems" || key == "minLength" || key == "maxLength") {
    EXPECT_TRUE(value.is_number_unsigned()) << at;
  } else if (key == "description" || key == "$ref" || key == "contentMediaType" ||
             key == "format" || key == "pattern") {
    EXPECT_TRUE(is_text(value)) << at;
  } else {
    EXPECT_EQ(key, "const") << "not a keyword: " << at;
  }
}

void expect_schema(const json& schema, const std::string& at) {
  ASSERT_TRUE(schema.is_object()) << at << ' ' << schema;
  EXPECT_FALSE(schema.empty()) << "says nothing: " << at;
  for (const auto& [key, value] : schema.items())
    expect_schema_keyword(key, value, at + '/' + key);
  for (const auto& name : schema.value("required", json::array()))
    EXPECT_TRUE(schema.value("properties", json::object()).contains(name))
        << at << " requires " << name << ", which it does not have";
}

/// The document, and a table with the routes of the API that nobody serves.
struct openapi_document : testing::Test {
  openapi_document() {
    add_routes(table, nothing, [this](std::string_view name) {
      names_of_metrics.emplace_back(name);
      return nullptr;
    });
  }

  const json& at(const std::string& pointer) const {
    return document.at(json::json_pointer{pointer});
  }

  /// Calls `visit` with path, method (in capitals) and operation.
  void each_operation(
      const std::function<void(const std::string&, const std::string&, const json&)>& visit) const {
    for (const auto& [path, item] : document.at("paths").items())
      for (const auto& [method, operation] : item.items()) {
        SCOPED_TRACE(method + ' ' + path);
        visit(path, upper(method), operation);
      }
  }
  const json& operation(const api_route& route) const {
    return document.at("paths").at(std::string{route.path}).at(lower(route.method));
  }
  /// The schema's name behind `{"$ref": "#/components/schemas/name"}`.
  static std::string referred(const json& schema) {
    const auto reference = schema.value("$ref", std::string{});
    return reference.substr(reference.rfind('/') + 1);
  }

  const std::string text = make_openapi("1.2.3");
  const json document = json::parse(text);
  const service_set nothing{};
  std::vector<std::string> names_of_metrics;
  server::route_table table;
};

// ---- structure ----

TEST_F(openapi_document, is_of_version_3_1_and_says_what_it_describes) {
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  EXPECT_TRUE(is_text(at("/info/title")));
  EXPECT_EQ(at("/info/version"), "1.2.3");
  const std::set<std::string> known{"openapi", "info", "servers", "paths", "components"};
  for (const auto& [key, value] : document.items())
    EXPECT_TRUE(known.contains(key)) << key;
  ASSERT_TRUE(document.at("servers").is_array());
  for (const auto& server : document.at("servers"))
    EXPECT_TRUE(is_text(server.at("url")));
  EXPECT_TRUE(at("/info/license").is_object());
  EXPECT_TRUE(is_text(at("/info/license/name")));
}

TEST_F(openapi_document, carries_any_version_as_text) {
  for (const std::string version : {"", "\"\\", "0.1.0+\xc3\xa4"})
    EXPECT_EQ(json::parse(make_openapi(version)).at("info").at("version"), version);
}

TEST_F(openapi_document, has_operations_under_every_path) {
  static const std::set<std::string> methods{"get",     "put",  "post",  "delete",
                                             "options", "head", "patch", "trace"};
  ASSERT_TRUE(document.at("paths").is_object());
  ASSERT_FALSE(document.at("paths").empty());
  for (const auto& [path, item] : document.at("paths").items()) {
    EXPECT_TRUE(path.starts_with("/")) << path;
    ASSERT_TRUE(item.is_object()) << path;
    EXPECT_FALSE(item.empty()) << path;
    for (const auto& [method, operation] : item.items()) {
      EXPECT_TRUE(methods.contains(method)) << method << ' ' << path;
      EXPECT_TRUE(operation.is_object()) << method << ' ' << path;
    }
  }
}

TEST_F(openapi_document, gives_every_operation_a_unique_id_a_tag_and_a_summary) {
  std::set<std::string> ids;
  each_operation([&](const auto&, const auto&, const json& operation) {
    ASSERT_TRUE(is_text(operation.at("operationId")));
    EXPECT_TRUE(ids.insert(operation.at("operationId")).second) << "twice";
    EXPECT_TRUE(is_text(operation.at("summary")));
    ASSERT_TRUE(operation.at("tags").is_array());
    EXPECT_EQ(operation.at("tags").size(), 1U);
    for (const auto& tag : operation.at("tags"))
      EXPECT_TRUE(is_text(tag));
  });
}

TEST_F(openapi_document, describes_every_answer) {
  each_operation([&](const auto&, const auto&, const json& operation) {
    const auto& responses = operation.at("responses");
    ASSERT_TRUE(responses.is_object());
    EXPECT_TRUE(responses.contains("200") || responses.contains("201") ||
                responses.contains("204"));
    for (const auto& [status, response] : responses.items()) {
      EXPECT_TRUE(status.size() == 3 && status[0] >= '1' && status[0] <= '5' &&
                  std::isdigit(status[1]) && std::isdigit(status[2]))
          << status;
      EXPECT_TRUE(is_text(response.at("description"))) << status;
      if (status == "204" || status[0] == '3') {
        EXPECT_FALSE(response.contains("content")) << "RFC 9110 section 15.3.5";
        continue;
      }
      ASSERT_TRUE(response.at("content").is_object()) << status;
      EXPECT_FALSE(response.at("content").empty()) << status;
      for (const auto& [type, content] : response.at("content").items()) {
        EXPECT_NE(type.find('/'), std::string::npos) << type;
        EXPECT_TRUE(content.at("schema").is_object()) << type;
      }
      const auto headers = response.value("headers", json::object());
      for (const auto& [name, header] : headers.items())
        EXPECT_TRUE(header.at("schema").is_object()) << name;
    }
  });
}

TEST_F(openapi_document, declares_every_path_parameter_and_no_other) {
  each_operation([&](const std::string& path, const auto&, const json& operation) {
    const auto parameters = operation.value("parameters", json::array());
    ASSERT_TRUE(parameters.is_array());
    std::set<std::string> declared;
    for (const auto& parameter : parameters) {
      ASSERT_TRUE(parameter.is_object()) << parameter;
      EXPECT_EQ(parameter.at("in"), "path");
      EXPECT_EQ(parameter.at("required"), true);
      EXPECT_TRUE(parameter.at("schema").is_object());
      EXPECT_TRUE(declared.insert(parameter.at("name")).second) << "twice";
    }
    EXPECT_EQ(declared, parameters_of(path));
  });
}

TEST_F(openapi_document, has_well_formed_schemas) {
  for (const auto& [name, schema] : at("/components/schemas").items())
    expect_schema(schema, name);
  each_object(document.at("paths"), "", [](const json& value, const std::string& where) {
    if (value.contains("schema"))
      expect_schema(value.at("schema"), where);
  });
}

TEST_F(openapi_document, resolves_every_reference_and_needs_every_schema) {
  std::set<std::string> used;
  each_object(document, "", [&](const json& value, const std::string& where) {
    if (!value.contains("$ref"))
      return;
    ASSERT_TRUE(value.at("$ref").is_string()) << where;
    const auto reference = value.at("$ref").get<std::string>();
    ASSERT_TRUE(reference.starts_with("#/components/schemas/")) << where << ": " << reference;
    EXPECT_TRUE(document.contains(json::json_pointer{reference.substr(1)})) << reference;
    EXPECT_EQ(value.size(), 1U) << "a reference stands alone: " << where;
    used.insert(referred(value));
  });
  for (const auto& [name, schema] : at("/components/schemas").items())
    EXPECT_TRUE(used.contains(name)) << name << " describes nothing";
}

TEST_F(openapi_document, says_of_every_operation_who_may_call_it) {
  const auto& schemes = at("/components/securitySchemes");
  for (const auto& [name, scheme] : schemes.items())
    EXPECT_TRUE(is_text(scheme.at("type"))) << name;
  for (const auto& route : api_routes()) {
    SCOPED_TRACE(route.path);
    const auto& security = operation(route).at("security");
    ASSERT_TRUE(security.is_array());
    EXPECT_EQ(security.empty(), route.who == server::access::open);
    for (const auto& requirement : security)
      for (const auto& [name, scopes] : requirement.items()) {
        EXPECT_TRUE(schemes.contains(name)) << name;
        EXPECT_TRUE(scopes.is_array());
      }
  }
}

TEST_F(openapi_document, says_what_stands_before_a_handler) {
  const auto has = [&](const api_route& route, std::string_view status) {
    return operation(route).at("responses").contains(std::string{status});
  };
  for (const auto& route : api_routes()) {
    SCOPED_TRACE(std::string{route.method} + ' ' + std::string{route.path});
    const bool probe = route.path == "/livez" || route.path == "/readyz";
    EXPECT_EQ(has(route, "421"), !probe) << "another name in Host";
    const bool gate = route.who == server::access::dashboard || route.path == "/dashboard/login";
    EXPECT_EQ(has(route, "401"), gate);
    EXPECT_TRUE(!gate || (has(route, "403") && has(route, "429")));
    EXPECT_TRUE(route.method == "GET" || has(route, "403")) << "a page of another origin";
    EXPECT_EQ(has(route, "415"), !route.request.empty());
    const bool page = gate && (route.method == "GET" || route.path == "/dashboard/login");
    if (gate) {
      EXPECT_EQ(operation(route).at("responses").at("403").at("content").contains("text/html"),
                page);
    }
  }
}

// ---- the routes ----

TEST_F(openapi_document, has_every_route_as_the_list_describes_it) {
  for (const auto& route : api_routes()) {
    SCOPED_TRACE(std::string{route.method} + ' ' + std::string{route.path});
    ASSERT_TRUE(document.at("paths").contains(std::string{route.path}));
    ASSERT_TRUE(document.at("paths").at(std::string{route.path}).contains(lower(route.method)));
    const auto& described = operation(route);
    EXPECT_EQ(described.at("operationId"), route.id);
    EXPECT_EQ(described.at("summary"), route.summary);
    EXPECT_EQ(described.at("tags"), json::array({route.tag}));
    EXPECT_EQ(described.contains("requestBody"), !route.request.empty());
    if (!route.request.empty()) {
      const auto& body = described.at("requestBody");
      EXPECT_EQ(body.at("required"), route.request != "ProfileApply");
      EXPECT_EQ(referred(body.at("content").at(std::string{route.request_type}).at("schema")),
                route.request);
    }
    const auto& good = described.at("responses").at(std::string{route.success});
    EXPECT_EQ(good.contains("content"), !route.response.empty());
    if (route.response.empty())
      continue;
    const auto& content = good.at("content");
    if (route.response.find('/') == std::string_view::npos)
      EXPECT_EQ(referred(content.at("application/json").at("schema")), route.response);
    else
      EXPECT_TRUE(content.contains(std::string{route.response}));
    if (!route.backend.empty()) {
      EXPECT_NE(described.value("description", "").find(route.backend), std::string::npos);
    }
  }
}

TEST_F(openapi_document, has_nothing_that_no_route_serves) {
  std::size_t count = 0;
  each_operation([&](const std::string& path, const std::string& method, const json& operation) {
    ++count;
    auto concrete = path;
    for (const auto& name : parameters_of(path))
      concrete.replace(concrete.find('{' + name + '}'), name.size() + 2, "value");
    const auto match = table.match(method, concrete);
    ASSERT_NE(match.found, nullptr) << concrete;
    EXPECT_EQ(match.found->path, path) << "another route serves it";
    EXPECT_EQ(match.found->method, method);
    EXPECT_EQ(match.found->who == server::access::open, operation.at("security").empty());
    std::set<std::string> names;
    for (const auto& parameter : match.parameters)
      names.emplace(parameter.name);
    EXPECT_EQ(names, parameters_of(path));
  });
  EXPECT_EQ(count, api_routes().size());
}

TEST_F(openapi_document, names_errors_in_the_dialect_of_the_path) {
  for (const auto& route : api_routes()) {
    SCOPED_TRACE(route.path);
    const std::string schema = route.path.starts_with("/v1/messages") ? "AnthropicError"
                               : route.path.starts_with("/v1/")       ? "OpenAIError"
                               : http::dialect_of(route.path) == http::error_dialect::ollama
                                   ? "OllamaError"
                                   : "Error";
    const auto& responses = operation(route).at("responses");
    for (const auto& [status, response] : responses.items()) {
      if (status == "422") {
        EXPECT_EQ(referred(response.at("content").at("application/json").at("schema")),
                  "ValidationError");
      } else if (status[0] >= '4') {
        EXPECT_EQ(referred(response.at("content").at("application/json").at("schema")), schema)
            << status;
      }
    }
    // Which errors there may be follows from what the route does.
    const bool has_parameter = route.path.find('{') != std::string_view::npos;
    EXPECT_EQ(responses.contains("400"), !route.request.empty() || has_parameter);
    for (const auto* status : {"408", "411", "413", "415"})
      EXPECT_EQ(responses.contains(status), !route.request.empty()) << status;
    const bool gated = route.who == server::access::dashboard || route.path == "/dashboard/login";
    EXPECT_EQ(responses.contains("401"), gated);
    EXPECT_EQ(responses.contains("429"), gated || asks_backend(route));
    for (const auto* status : {"502", "504"})
      EXPECT_EQ(responses.contains(status), asks_backend(route)) << status;
    EXPECT_EQ(responses.contains("503"), asks_backend(route) || route.tag == "Voices");
  }
}

TEST_F(openapi_document, tells_which_routes_may_stream) {
  std::set<std::string> streaming;
  each_operation([&](const std::string& path, const auto&, const json& operation) {
    const auto content = operation.at("responses").begin().value().value("content", json::object());
    if (!content.contains("text/event-stream"))
      return;
    streaming.insert(path);
    if (content.size() == 1)
      return; // nothing but a stream
    // Otherwise it has to be asked for.
    const auto request =
        referred(operation.at("requestBody").at("content").begin().value().at("schema"));
    const auto properties = at("/components/schemas/" + request + "/properties");
    EXPECT_TRUE(properties.contains("stream")
                    ? properties["stream"]["type"] == "boolean"
                    : properties["stream_format"]["enum"] == json({"audio", "sse", nullptr}))
        << path;
  });
  EXPECT_EQ(streaming,
            (std::set<std::string>{"/v1/chat/completions", "/v1/completions", "/v1/messages",
                                   "/v1/responses", "/v1/audio/speech", "/v1/audio/transcriptions",
                                   "/stt/stream", "/events/terminal"}));
}

TEST_F(openapi_document, names_the_backend_that_the_default_routes_choose) {
  config::settings all;
  for (const auto& route : config::default_routes())
    all.routes.push_back({std::string{route.path}, std::string{route.backend}});
  for (const auto& route : api_routes())
    if (!route.backend.empty()) {
      const auto* chosen = config::find_route(all, route.path);
      ASSERT_NE(chosen, nullptr) << route.path;
      EXPECT_EQ(route.backend, chosen->backend) << route.path;
    }
}

// ---- the list of routes ----

TEST_F(openapi_document, and_table_are_made_from_one_list) {
  ASSERT_EQ(table.all().size(), api_routes().size());
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < api_routes().size(); ++i) {
    EXPECT_EQ(table.all()[i]->method, api_routes()[i].method);
    EXPECT_EQ(table.all()[i]->path, api_routes()[i].path);
    EXPECT_EQ(table.all()[i]->who, api_routes()[i].who);
    EXPECT_TRUE(table.all()[i]->handle) << api_routes()[i].path;
    paths.push_back(table.all()[i]->path);
  }
  ASSERT_NE(table.fallback(), nullptr);
  EXPECT_TRUE(table.fallback()->handle);
  paths.push_back(table.fallback()->path);
  EXPECT_EQ(names_of_metrics, paths) << "each route counts under its own path";
}

// ---- the page ----

TEST_F(openapi_document, is_as_a_page_about_the_same_routes) {
  const auto page = make_docs_page("1.2.3");
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_NE(page.find("1.2.3"), std::string::npos);
  EXPECT_NE(page.find("href=\"/openapi.json\""), std::string::npos);
  for (const auto& route : api_routes()) {
    const auto row = "<span class=\"method\">" + std::string{route.method} + "</span> <code>" +
                     std::string{route.path} + "</code>";
    const auto found = page.find(row);
    EXPECT_NE(found, std::string::npos) << row;
    EXPECT_EQ(page.find(row, found + 1), std::string::npos) << "twice: " << row;
  }
}

TEST_F(openapi_document, is_as_a_page_free_of_scripts_and_of_anything_from_elsewhere) {
  const auto page = make_docs_page("1.2.3");
  for (const auto* foreign : {"<script", "javascript:", "http:", "https:", "src=", "@import",
                              "url(", "<iframe", "<link", " onclick", " onload"})
    EXPECT_EQ(page.find(foreign), std::string::npos) << foreign;
}

TEST_F(openapi_document, is_as_a_page_well_formed_and_escaped) {
  const auto page = make_docs_page("<b>&\"");
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_NE(page.find("&lt;b&gt;&amp;&quot;"), std::string::npos);
  // Every element that is opened is closed, in order; these have no end.
  static const std::set<std::string> empty_elements{"!doctype", "meta", "br"};
  std::vector<std::string> open;
  for (auto begin = page.find('<'); begin != std::string::npos; begin = page.find('<', begin + 1)) {
    const auto end = page.find_first_of(" >", begin);
    const auto name = page.substr(begin + 1, end - begin - 1);
    if (name.starts_with("/")) {
      ASSERT_FALSE(open.empty()) << name;
      EXPECT_EQ("/" + open.back(), name);
      open.pop_back();
    } else if (!empty_elements.contains(name)) {
      open.push_back(name);
    }
  }
  EXPECT_TRUE(open.empty()) << open.back();
}

} // namespace
} // namespace synapse::api
