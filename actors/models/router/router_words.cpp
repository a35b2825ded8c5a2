#include "actors/models/router/router_words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>

namespace synapse::models {

namespace {
using json = nlohmann::json;
using actors::http_fault;

constexpr std::size_t max_message = 300;
/// What a router says about a command is short.
constexpr std::size_t max_error_body = 64 * 1024;

constexpr unsigned bit(management_call call) {
  return 1U << static_cast<unsigned>(call);
}
constexpr unsigned of_load = bit(management_call::load);
constexpr unsigned of_unload = bit(management_call::unload);
constexpr unsigned of_change = of_load | of_unload;
constexpr unsigned of_look =
    bit(management_call::list) | bit(management_call::props) | bit(management_call::events);
constexpr unsigned of_any = of_change | of_look;

/// One line of the table: an answer of these calls with such a status and text means that.
struct table_line {
  unsigned calls = of_any;
  unsigned from = 0; ///< statuses, both bounds included
  unsigned to = 0;
  std::string_view text; ///< part of the message in lower case; empty: any
  router_answer means = router_answer::refused;
};

/// Of what is no success. The first line that fits counts; what fits none is refused.
constexpr table_line table[] = {
    {of_load, 400, 599, "already running", router_answer::accepted},
    {of_load, 400, 599, "already loaded", router_answer::accepted},
    {of_unload, 400, 599, "not running", router_answer::accepted},
    {of_unload, 400, 599, "not loaded", router_answer::accepted},
    {of_load, 400, 599, "limit reached", router_answer::no_room},
    {of_change, 400, 499, "model is not found", router_answer::not_found},
    {of_change, 400, 499, "model not found", router_answer::not_found},
    {of_change, 400, 499, "' not found", router_answer::not_found}, // model '<x>' not found
    // To a load a real router says "File Not Found" of a model that it does not have. To an unload
    // it does not, so that there it is the route that is missing.
    {of_load, 404, 404, "", router_answer::not_found},
    {of_look, 404, 405, "", router_answer::no_route},
    {of_look, 501, 501, "", router_answer::no_route},
    {of_any, 408, 409, "", router_answer::unreachable},
    {of_any, 425, 425, "", router_answer::unreachable},
    {of_any, 429, 429, "", router_answer::unreachable},
    {of_any, 502, 504, "", router_answer::unreachable},
    {of_any, 400, 500, "busy", router_answer::unreachable},
};

/// A success that says itself that it is none.
bool says_no(const std::string& body) {
  if (body.size() > max_error_body)
    return false;
  const auto answer = json::parse(body, nullptr, false);
  if (!answer.is_object())
    return false;
  const auto success = answer.find("success");
  return success != answer.end() && *success == json(false);
}

std::string in_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  });
  return text;
}

std::string sentence(unsigned status, const std::string& message) {
  auto text = "the router answered " + std::to_string(status);
  if (!message.empty())
    text += ": " + message;
  if (status == 401 || status == 403)
    text += " (the gateway's own key for it is authorization.bearer_env or bearer_file)";
  return text;
}

router_word of_fault(const actors::http_reply& reply) {
  if (reply.fault == http_fault::bad_response || reply.fault == http_fault::too_large)
    return {router_answer::refused, "the router's answer makes no sense: " + reply.message};
  return {router_answer::unreachable, "the router does not answer: " + reply.message};
}

} // namespace

std::string message_in(const std::string& body) {
  const auto answer = body.size() > max_error_body ? json() : json::parse(body, nullptr, false);
  if (answer.is_object()) {
    const auto text_at = [](const json& where, const char* key) {
      const auto found = where.find(key);
      return found != where.end() && found->is_string() ? found->get<std::string>() : std::string{};
    };
    const auto error = answer.find("error");
    if (error != answer.end() && error->is_object())
      if (auto text = text_at(*error, "message"); !text.empty())
        return text.substr(0, max_message);
    for (const char* key : {"detail", "message", "error"})
      if (auto text = text_at(answer, key); !text.empty())
        return text.substr(0, max_message);
  }
  const auto first = body.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || body[first] == '<')
    return {};
  return body.substr(first, max_message);
}

router_word understand(management_call what, const actors::http_reply& reply) {
  if (!reply.ok())
    return of_fault(reply);
  const bool change = (bit(what) & of_change) != 0;
  if (reply.status / 100 == 2 && !(change && says_no(reply.body)))
    return {};
  router_word word{router_answer::refused, message_in(reply.body)};
  const auto said = in_lower_case(word.reason);
  for (const auto& one : table)
    if ((one.calls & bit(what)) != 0 && reply.status >= one.from && reply.status <= one.to &&
        said.find(one.text) != std::string::npos) {
      word.means = one.means;
      break;
    }
  if (word.means != router_answer::not_found || word.reason.empty())
    word.reason = sentence(reply.status, word.reason);
  return word;
}

} // namespace synapse::models
