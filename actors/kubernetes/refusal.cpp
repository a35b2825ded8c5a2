#include "actors/kubernetes/refusal.hpp"

#include "actors/kubernetes/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>

namespace synapse::kubernetes {

namespace {

using json = nlohmann::json;
constexpr std::size_t most_causes = 5;

std::string text_of(const json& of, const char* name) {
  if (!of.is_object())
    return {};
  const auto found = of.find(name);
  if (found == of.end())
    return {};
  const auto* text = found->get_ptr<const std::string*>();
  return text == nullptr ? std::string{} : quoted_text(*text);
}

const json& inner(const json& of, const char* name) {
  static const json none;
  if (!of.is_object())
    return none;
  const auto found = of.find(name);
  return found == of.end() ? none : *found;
}

/// What a Status object says; `known` is false for everything else.
struct status_object {
  bool known = false;
  std::string reason;
  std::string message;
  std::string causes; ///< "field: message; …"
};

status_object read_status(std::string_view body) {
  status_object result;
  const auto all = json::parse(body, nullptr, false);
  if (text_of(all, "kind") != "Status")
    return result;
  result.known = true;
  result.reason = text_of(all, "reason");
  result.message = text_of(all, "message");
  const auto& causes = inner(inner(all, "details"), "causes");
  if (!causes.is_array())
    return result;
  const auto count = std::min(causes.size(), most_causes);
  for (std::size_t i = 0; i < count; ++i) {
    auto field = text_of(causes[i], "field");
    auto message = text_of(causes[i], "message");
    if (field.empty() && message.empty())
      continue;
    result.causes.append(result.causes.empty() ? "" : "; ").append(field);
    result.causes.append(field.empty() || message.empty() ? "" : ": ").append(message);
  }
  return result;
}

std::string object_of(const attempted_call& what) {
  return "the Deployment " + std::string{what.name_space} + "/" + std::string{what.name};
}

/// What to look at; "" when there is nothing to advise.
std::string advice(const attempted_call& what, unsigned status, bool known) {
  const std::string space{what.name_space};
  const std::string name{what.name};
  switch (status) {
  case 401:
    return "is the token in " + std::string{what.account_directory} +
           " one of this cluster, and still valid?";
  case 403:
    return "a Role in the namespace " + space +
           " must allow the gateway's service account get and patch on deployments (apiGroup apps, "
           "resourceName " +
           name + "), and a RoleBinding must bind it";
  case 404:
    return known ? "check SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAMESPACE and "
                   "SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAME"
                 : "is this the Kubernetes API? Check SYNAPSE_KUBERNETES_API_URL and "
                   "KUBERNETES_SERVICE_HOST";
  case 409:
    return "somebody else changes it, too";
  case 429:
    return "the API has too much to do; try again later";
  default:
    if (status >= 500)
      return "the API itself has failed; try again later";
    if (!known)
      return "is this the Kubernetes API? Check SYNAPSE_KUBERNETES_API_URL and "
             "KUBERNETES_SERVICE_HOST";
    return {};
  }
}

} // namespace

std::string describe_refusal(const attempted_call& what, unsigned status, std::string_view body) {
  const auto said = read_status(body);
  auto text = "cannot " + std::string{what.verb} + " " + object_of(what) +
              ": the Kubernetes API answers " + std::to_string(status);
  if (!said.reason.empty())
    text += " " + said.reason;
  if (!said.causes.empty())
    text += ": " + said.causes;
  else if (!said.message.empty())
    text += ": " + said.message;
  else if (!said.known && !body.empty())
    text += " with no Status but \"" + quoted_text(body, 200) + "\"";
  if (const auto look_at = advice(what, status, said.known); !look_at.empty())
    text += " (" + look_at + ")";
  return text;
}

std::string describe_silence(const attempted_call& what, std::string_view authority,
                             std::string_view reason) {
  auto text = "cannot " + std::string{what.verb} + " " + object_of(what) +
              ": no answer from the Kubernetes API at " + std::string{authority} + ": " +
              quoted_text(reason);
  // OpenSSL says no more than that, whatever is wrong with a certificate.
  if (reason.find("certificate verify failed") != std::string_view::npos)
    text += " (it must be signed by the authority in " + std::string{what.account_directory} +
            "/ca.crt and made out for this host)";
  return text;
}

bool is_transient(unsigned status) {
  return status == 429 || (status >= 500 && status < 600);
}

std::int64_t retry_after_seconds(std::string_view body) {
  const auto all = json::parse(body, nullptr, false);
  const auto& seconds = inner(inner(all, "details"), "retryAfterSeconds");
  // A positive number is parsed as an unsigned one.
  const auto* value = seconds.get_ptr<const std::uint64_t*>();
  constexpr std::uint64_t longest = 3600;
  return value == nullptr ? 0 : static_cast<std::int64_t>(std::min(*value, longest));
}

} // namespace synapse::kubernetes
