#include "http/dashboard/request_filter.hpp"

#include "http/dashboard/gate/gate.hpp"

#include <algorithm>
#include <charconv>

namespace synapse::api {

namespace {
constexpr std::size_t max_filter_text = 512;
constexpr std::string_view no_route = "(none)";

template <class Number>
bool read_whole(std::string_view text, Number& into) {
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
  return problem == std::errc{} && stop == text.data() + text.size();
}

std::string_view shown_route(const telemetry::finished_request& one) {
  return one.route.empty() ? no_route : one.route;
}

std::string read_status(std::string_view text, request_filter& into) {
  unsigned number = 0;
  if (text == "error") {
    into.outcome = request_outcome::server_error;
  } else if (text == "left") {
    into.outcome = request_outcome::left;
  } else if (text.size() == 3 && text.substr(1) == "xx" && text[0] >= '1' && text[0] <= '5') {
    into.status_class = static_cast<unsigned>(text[0] - '0');
  } else if (read_whole(text, number) && number >= 100 && number <= 599) {
    into.status = number;
  } else {
    return "status: must be a number such as 404, a class such as 4xx, error or left";
  }
  return {};
}
} // namespace

std::string_view to_string(request_outcome outcome) {
  switch (outcome) {
  case request_outcome::client_error:
    return "client_error";
  case request_outcome::server_error:
    return "server_error";
  case request_outcome::left:
    return "left";
  case request_outcome::good:
    break;
  }
  return "good";
}

request_outcome outcome_of(const telemetry::finished_request& one) {
  if (one.left || one.status == 499)
    return request_outcome::left;
  // What broke off has status 200, and was no good answer.
  if (one.status >= 500 || one.broken)
    return request_outcome::server_error;
  return one.status >= 400 ? request_outcome::client_error : request_outcome::good;
}

bool request_filter::takes(const telemetry::finished_request& one) const {
  const auto fits = [](const std::string& wanted, std::string_view is) {
    return wanted.empty() || wanted == is;
  };
  return one.ended_ms > since_ms && fits(route, shown_route(one)) &&
         fits(backend, one.backend.view()) && fits(model, one.model.view()) &&
         fits(id, one.id.view()) && (!status || *status == one.status) &&
         (!status_class || *status_class == one.status / 100u) &&
         (!outcome || *outcome == outcome_of(one));
}

std::string read_filter(std::string_view query, request_filter& into) {
  for (const auto& [name, text] : {std::pair<std::string_view, std::string*>{"route", &into.route},
                                   {"backend", &into.backend},
                                   {"model", &into.model},
                                   {"id", &into.id}}) {
    *text = form_value(query, name).value_or("");
    if (text->size() > max_filter_text)
      return std::string{name} + ": is too long";
  }
  if (const auto text = form_value(query, "limit"); text && !text->empty())
    if (!read_whole(*text, into.limit) || into.limit < 1 || into.limit > request_filter::most)
      return "limit: must be a number from 1 to " + std::to_string(request_filter::most);
  if (const auto text = form_value(query, "since"); text && !text->empty())
    if (!read_whole(*text, into.since_ms))
      return "since: must be a time in milliseconds since 1970";
  if (const auto text = form_value(query, "status"); text && !text->empty())
    return read_status(*text, into);
  return {};
}

request_selection select_newest(std::vector<telemetry::finished_request>& known,
                                const request_filter& wanted) {
  // Each thread remembers as many as there are to be in all.
  std::stable_sort(known.begin(), known.end(),
                   [](const auto& a, const auto& b) { return a.ended_ms > b.ended_ms; });
  if (known.size() > request_filter::most)
    known.resize(request_filter::most);
  request_selection result;
  result.kept = known.size();
  for (const auto& one : known) {
    result.routes.emplace(shown_route(one));
    if (!one.backend.empty())
      result.backends.emplace(one.backend.view());
    if (!one.model.empty())
      result.models.emplace(one.model.view());
    if (!wanted.takes(one))
      continue;
    ++result.matching;
    if (result.shown.size() < wanted.limit)
      result.shown.push_back(&one);
  }
  return result;
}

} // namespace synapse::api
