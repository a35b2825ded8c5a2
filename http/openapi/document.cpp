#include "http/openapi/document.hpp"

#include "http/openapi/api_routes.hpp"
#include "http/openapi/schema_parts.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace synapse::api {

using namespace openapi;

namespace {
json model_list(std::string_view item) {
  return object({{"object", {{"const", "list"}}}, {"data", list_of(reference(item))}},
                {"object", "data"});
}

/// Unknown fields pass through everywhere, so no schema forbids them.
json schemas() {
  const json usage = object({{"prompt_tokens", integer("Tokens read")},
                             {"completion_tokens", integer("Tokens written")},
                             {"total_tokens", integer("Both")}});
  const json sampling{{"model", text("Model id as GET /v1/models lists it")},
                      {"stream",
                       {{"type", "boolean"},
                        {"description", "Answer with server-sent events that end with "
                                        "`data: [DONE]`"}}},
                      {"stream_options", object({{"include_usage", {{"type", "boolean"}}}})},
                      {"max_tokens", integer("Upper bound of the answer's tokens")},
                      {"temperature", number("0 to 2")},
                      {"top_p", number("0 to 1")},
                      {"stop", {{"description", "One string or a list of them"}}}};
  json chat = sampling;
  chat["messages"] = list_of(object({{"role", text("system, user, assistant or tool")},
                                     {"content", {{"description", "Text, or a list of parts"}}}},
                                    {"role"}));
  chat["tools"] = list_of(json{{"type", "object"}});
  json completion = sampling;
  completion["prompt"] = {{"description", "Text, or a list of texts"}};
  json result;
  result["ChatCompletionRequest"] = object(chat, {"messages"});
  result["CompletionRequest"] = object(completion, {"prompt"});
  result["ChatCompletion"] =
      object({{"id", text("chatcmpl-…")},
              {"object", {{"const", "chat.completion"}}},
              {"model", text("Model that answered")},
              {"choices",
               list_of(object({{"index", integer("From 0")},
                               {"message", object({{"role", text("assistant")},
                                                   {"content", {{"type", {"string", "null"}}}}})},
                               {"finish_reason", text("stop, length, tool_calls, …")}}))},
              {"usage", usage}},
             {"id", "choices"});
  result["Completion"] =
      object({{"id", text("Id of the answer")},
              {"object", {{"const", "text_completion"}}},
              {"choices", list_of(object({{"index", integer("From 0")},
                                          {"text", text("The completion")},
                                          {"finish_reason", text("stop or length")}}))},
              {"usage", usage}},
             {"choices"});
  result["EmbeddingRequest"] = object(
      {{"input", {{"description", "A text, a list of texts, tokens, or a list of token lists"}}},
       {"model", text("Embedding model id")},
       {"encoding_format", {{"enum", {"float", "base64"}}}},
       {"dimensions", integer("Length of the vectors, where the model can")}},
      {"input"});
  result["EmbeddingList"] =
      object({{"object", {{"const", "list"}}},
              {"data", list_of(object({{"object", {{"const", "embedding"}}},
                                       {"index", integer("From 0")},
                                       {"embedding",
                                        {{"description", "Numbers, or base64 of "
                                                         "little-endian float32"}}}}))},
              {"model", text("Model that answered")},
              {"usage", usage}},
             {"data"});
  result["Model"] = object({{"id", text("Model id")},
                            {"object", {{"const", "model"}}},
                            {"created", integer("Unix time")},
                            {"owned_by", text("Who serves it")}},
                           {"id"});
  result["ModelList"] = model_list("Model");
  json router_model = result["Model"];
  router_model["properties"]["status"] =
      object({{"value", text("unloaded, loading, loaded, sleeping, …")},
              {"args", list_of(json{{"type", "string"}})},
              {"failed", {{"type", "boolean"}}}});
  result["RouterModel"] = router_model;
  result["RouterModelList"] = model_list("RouterModel");
  result["Health"] =
      object({{"status", {{"enum", {"healthy", "degraded"}}}},
              {"backends",
               {{"type", "object"},
                {"additionalProperties",
                 object({{"status", {{"enum", {"healthy", "unhealthy", "unreachable"}}}},
                         {"code", integer("HTTP status of the backend's health route")},
                         {"path", text("What was asked, where that is not the configured path")},
                         {"busy",
                          {{"type", "boolean"},
                           {"description", "It works at all it takes at once and answers its "
                                           "health route when it has finished"}}},
                         {"asked",
                          {{"const", false},
                           {"description", "Its answers are paid for: it was connected to and "
                                           "asked nothing"}}},
                         {"error", text("Why it could not be reached, or what it says is wrong")}},
                        {"status"})}}}},
             {"status", "backends"});
  json voice{{"voice_id", text("A UUID")},
             {"name", text("For people")},
             {"references_count", integer("How many references there are")},
             {"references", list_of(json{{"type", "string"}})}};
  const std::vector<std::string> all_of_it{"voice_id", "name", "references_count", "references"};
  result["Voice"] = object(voice, all_of_it);
  voice["created_at"] = text("ISO 8601, UTC");
  result["VoiceEntry"] = object(voice, all_of_it);
  result["VoiceList"] = list_of(reference("VoiceEntry"));
  const json files = {
      {"type", "array"},
      {"minItems", 1},
      {"maxItems", 10},
      {"items", {{"type", "string"}, {"format", "binary"}, {"contentMediaType", "audio/wav"}}},
      {"description", "WAV files, each 44 bytes to 50 MB"}};
  const json name{{"type", "string"}, {"minLength", 1}, {"maxLength", 200}};
  result["VoiceUpload"] = object({{"name", name}, {"files", files}}, {"name", "files"});
  result["VoiceFiles"] = object({{"files", files}}, {"files"});
  result["VoiceDeleted"] =
      object({{"status", {{"const", "deleted"}}}, {"voice_id", text("The one that is gone")}},
             {"status", "voice_id"});
  result["Status"] = object({{"status", text("alive or ready")}}, {"status"});
  result["OpenAIError"] =
      object({{"error", object({{"message", text("What went wrong")},
                                {"type", text("Kind of error")},
                                {"param", {{"type", {"string", "null"}}}},
                                {"code", {{"type", {"string", "integer", "null"}}}}},
                               {"message", "type"})}},
             {"error"});
  result["Error"] = object(
      {{"detail", text("What went wrong")}, {"error", text("Stable label of a failed backend")}},
      {"detail"});
  result["ValidationError"] =
      object({{"detail",
               list_of(object(
                   {{"type", text("Kind of mistake, as pydantic 2 has them")},
                    {"loc", list_of(json{{"type", {"string", "integer"}}})},
                    {"msg", text("What is wrong")},
                    {"input", {{"description", "What was sent"}}},
                    {"ctx", {{"type", "object"}, {"description", "What the type needs to say"}}}},
                   {"type", "loc", "msg"}))}},
             {"detail"});
  add_audio_schemas(result);
  add_model_schemas(result);
  add_dashboard_schemas(result);
  add_dialect_schemas(result);
  add_catalog_schemas(result);
  return result;
}

/// A body that is no JSON. Readers of the document take events apart: they are no text to them.
json body_schema(std::string_view media_type) {
  if (media_type == "text/event-stream")
    return {{"description", "Server-sent events"}};
  return {{"type", "string"}};
}

json content(std::string_view response) {
  if (response.find('/') == std::string_view::npos)
    return {{"application/json", {{"schema", reference(response)}}}};
  if (response == "application/json")
    return {{"application/json", {{"schema", {{"type", "object"}}}}}};
  return {{std::string{response}, {{"schema", body_schema(response)}}}};
}

json error_answer(std::string_view description, std::string_view schema) {
  return {{"description", description},
          {"content", {{"application/json", {{"schema", reference(schema)}}}}}};
}

/// What stands before the handler answers, see origin_policy and dashboard_gate.
void add_refusals(json& answers, const api_route& route, std::string_view schema) {
  if (!has_any_name(route))
    answers["421"] =
        error_answer("Asked under a name that a listener on loopback does not answer to", schema);
  if (foreign_use_of(route) != server::foreign_use::all)
    answers["403"] = error_answer("Asked by a page of another origin", schema);
  const bool login = route.id == "dashboardLogin" || route.id == "dashboardLoginPage";
  if (route.who != server::access::dashboard && !login)
    return;
  answers["401"] = error_answer("The token is missing or wrong", schema);
  answers["403"] =
      error_answer("Asked by a page of another origin, or closed: there is no token, and "
                   "others than this machine may ask",
                   schema);
  answers["429"] = error_answer("Too many wrong tokens; see Retry-After", schema);
  if (login)
    answers["303"] = {{"description", "Logged in: on to the dashboard"}};
  // A browser that asks for a page gets one.
  if (route.method == "GET" || login)
    for (const auto* status : {"401", "403", "429"})
      answers[status]["content"]["text/html"] = {{"schema", {{"type", "string"}}}};
}

json operation(const api_route& route) {
  json result{{"operationId", route.id}, {"tags", {route.tag}}, {"summary", route.summary}};
  if (!route.backend.empty())
    result["description"] = "Served by the backend `" + std::string{route.backend} +
                            "` unless `routes:` names another one.";
  for (auto open = route.path.find('{'); open != std::string_view::npos;
       open = route.path.find('{', open + 1)) {
    const auto close = route.path.find('}', open);
    result["parameters"].push_back({{"name", route.path.substr(open + 1, close - open - 1)},
                                    {"in", "path"},
                                    {"required", true},
                                    {"schema", {{"type", "string"}}}});
  }
  if (!route.request.empty())
    result["requestBody"] = {
        {"required", route.request != "ProfileApply"},
        {"content", {{std::string{route.request_type}, {{"schema", reference(route.request)}}}}}};
  json ok{{"description", "Success"}};
  if (!route.response.empty())
    ok["content"] = content(route.response);
  for (const auto type : other_media_types(route.request))
    ok["content"][std::string{type}] = {{"schema", body_schema(type)}};
  ok["headers"] = {{"X-Request-Id", {{"schema", {{"type", "string"}}}}}};
  const bool dialect = route.errors != http::error_dialect::plain;
  const auto schema = error_schema(route.errors);
  json answers;
  answers[std::string{route.success}] = ok;
  const bool has_parameter = route.path.find('{') != std::string_view::npos;
  if (!route.request.empty() || has_parameter)
    answers["400"] = error_answer("Malformed request", schema);
  if (!route.request.empty()) {
    answers["408"] = error_answer("The body did not come in time", schema);
    answers["411"] = error_answer("Neither Content-Length nor chunks", schema);
    answers["413"] = error_answer("Body too large", schema);
    answers["415"] = error_answer("Not " + std::string{route.request_type}, schema);
  }
  if (is_passed_on(route)) {
    answers["404"] = error_answer("The server has no such model, or no such route", schema);
    answers["404"]["content"]["text/plain"] = {{"schema", {{"type", "string"}}}};
  }
  const bool models = route.tag == "Models";
  const bool of_a_model = models && route.path != "/models";
  if (of_a_model || route.id == "retrieveModel" || route.id == "createChatCompletion" ||
      route.id == "createCompletion" ||
      (asks_backend(route) && route.backend.empty() && !is_passed_on(route)))
    answers["404"] = error_answer("There is no such model; near names are named", schema);
  if (of_a_model && !route.path.ends_with("/schema")) {
    if (route.id != "unloadModel")
      answers["507"] = error_answer("The disk refused the profiles", schema);
  }
  const bool dashboard = route.tag == "Dashboard";
  add_refusals(answers, route, schema);
  if (dashboard &&
      (has_parameter || route.path == "/events/terminal" || route.request == "DeploymentChoice"))
    answers["404"] = error_answer("There is none of that name, or it is off", schema);
  if (!dialect && !models && !dashboard && !route.request.empty())
    answers["422"] = error_answer("A field is missing or has a wrong value", "ValidationError");
  if (route.id == "createTranslation")
    answers["501"] = error_answer("The backend cannot translate", schema);
  if (route.tag == "Voices" || route.request == "Synthesis" || route.request == "Interpolation") {
    if (route.tag != "Voices" || has_parameter)
      answers["404"] = error_answer("There is no such voice", schema);
    answers["503"] = error_answer("The voice library does not answer; see Retry-After", schema);
    answers["507"] = error_answer("The voice library's disk refused", schema);
  }
  if (asks_backend(route)) {
    answers["429"] = error_answer("Too many requests wait; see Retry-After", schema);
    answers["502"] = error_answer("The backend broke off or answered garbage", schema);
    answers["503"] = error_answer("The backend is unreachable; see Retry-After", schema);
    answers["504"] = error_answer("The backend did not answer in time", schema);
  }
  result["responses"] = answers;
  // Every route says whether it needs a credential; an empty list says that it does not.
  result["security"] = json::array();
  if (route.who == server::access::dashboard)
    result["security"].push_back({{"dashboardToken", json::array()}});
  return result;
}

std::string lower(std::string_view method) {
  std::string out{method};
  for (auto& c : out)
    c = static_cast<char>(c | 0x20);
  return out;
}

std::string html_escaped(std::string_view raw) {
  std::string out;
  for (char c : raw)
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  return out;
}
} // namespace

std::string make_openapi(std::string_view version) {
  json document{{"openapi", "3.1.0"}};
  document["info"] = {{"title", "Synapse"},
                      {"version", version},
                      {"summary", "One endpoint in front of the AI services of a cluster"},
                      {"license", {{"name", "MIT"}, {"identifier", "MIT"}}}};
  document["servers"] = {{{"url", "/"}}};
  json paths = json::object();
  for (const auto& route : api_routes())
    paths[std::string{route.path}][lower(route.method)] = operation(route);
  document["paths"] = paths;
  document["components"] = {
      {"schemas", schemas()},
      {"securitySchemes", {{"dashboardToken", {{"type", "http"}, {"scheme", "bearer"}}}}}};
  return document.dump();
}

std::string make_docs_page(std::string_view version) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Synapse API</title>\n<style>\n"
      ":root{color-scheme:light dark}\n"
      "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}\n"
      "h1{margin-bottom:0}section{margin:2rem 0}table{border-collapse:collapse;width:100%}\n"
      "th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;"
      "border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}\n"
      "code{font-family:ui-monospace,monospace}\ntd:first-child{width:19rem;overflow-wrap:anywhere}"
      "\n"
      ".method{font-weight:600}pre{overflow-x:auto;padding:1rem;"
      "background:color-mix(in srgb,currentColor 8%,transparent);border-radius:.4rem}\n"
      "</style>\n</head>\n<body>\n<main>\n<h1>Synapse API</h1>\n<p>Version " +
      html_escaped(version) +
      ". The same as a machine reads it: <a href=\"/openapi.json\">OpenAPI 3.1</a>.</p>\n";
  std::vector<std::string_view> tags;
  for (const auto& route : api_routes())
    if (std::find(tags.begin(), tags.end(), route.tag) == tags.end())
      tags.push_back(route.tag);
  for (auto tag : tags) {
    page += "<section>\n<h2>" + html_escaped(tag) +
            "</h2>\n<table>\n<thead><tr><th scope=\"col\">Route</th><th scope=\"col\">What it "
            "does</th><th scope=\"col\">Body</th><th scope=\"col\">Answer</th></tr></thead>\n"
            "<tbody>\n";
    for (const auto& route : api_routes()) {
      if (route.tag != tag)
        continue;
      page += "<tr><td><span class=\"method\">" + html_escaped(route.method) + "</span> <code>" +
              html_escaped(route.path) + "</code></td><td>" + html_escaped(route.summary);
      if (asks_backend(route))
        page += "<br><small>backend: " + html_escaped(route.backend) + "</small>";
      page += "</td><td>" + html_escaped(route.request.empty() ? "–" : route.request) +
              "</td><td>" + html_escaped(route.response) + "</td></tr>\n";
    }
    page += "</tbody>\n</table>\n</section>\n";
  }
  page +=
      "<section>\n<h2>Errors</h2>\n<p>Routes under <code>/v1</code> answer with OpenAI's error "
      "object, the others with a <code>detail</code>. Every answer carries "
      "<code>X-Request-Id</code>; 429 and 503 carry <code>Retry-After</code>. A stream that could "
      "not be finished ends with an error event, without <code>[DONE]</code> and without the "
      "last chunk of its body: it never looks "
      "complete.</p>\n</section>\n</main>\n</body>\n</html>\n";
  return page;
}

} // namespace synapse::api
