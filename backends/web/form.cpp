#include "backends/web/form.hpp"

#include "backends/web/fastapi_service.hpp"
#include "http/core/body/multipart.hpp"

#include <utility>

namespace synapse::backends {

namespace {

using reader = synapse::http::multipart_reader;
using synapse::http::multipart_error;

[[noreturn]] void malformed(multipart_error error) {
  throw http_problem(400, "There was an error parsing the body: " +
                              std::string(synapse::http::message_of(error)));
}

std::vector<form_part> read_parts(std::string_view body, const std::string& boundary) {
  std::vector<form_part> out;
  synapse::http::multipart_limits limits;
  limits.max_parts = 1000;
  reader parts{boundary, limits};
  std::size_t at = 0;
  for (;;) {
    auto step = parts.next(body.data() + at, body.size() - at);
    if (step.what == reader::event::error)
      malformed(parts.error());
    if (step.what == reader::event::part_begin) {
      const auto& part = parts.part();
      form_part begun;
      begun.name = part.name;
      begun.is_file = part.has_filename;
      begun.filename = part.filename;
      begun.content_type = part.content_type;
      begun.data = body.substr(at + step.consumed, 0);
      out.push_back(std::move(begun));
    } else if (step.what == reader::event::data) {
      // The pieces of a part lie one after the other in the body.
      auto& data = out.back().data;
      data = {data.data(), data.size() + step.data.size()};
    }
    bool stuck = step.what == reader::event::need_more && step.consumed == 0;
    at += step.consumed;
    if (stuck || (step.what == reader::event::need_more && at == body.size()))
      break;
  }
  if (auto error = parts.finish(); error != multipart_error::none)
    malformed(error);
  return out;
}

} // namespace

form form::of(const request& in) {
  form out;
  auto type = in.header("content-type");
  if (!type.starts_with("multipart/form-data"))
    return out;
  auto error = multipart_error::none;
  auto boundary = synapse::http::multipart_boundary(type, error);
  if (error == multipart_error::no_boundary)
    throw http_problem(400, "Missing boundary in multipart.");
  if (boundary.empty())
    malformed(error);
  out.parts_ = read_parts(in.body, boundary);
  return out;
}

const form_part* form::find(std::string_view name) const {
  for (auto at = parts_.rbegin(); at != parts_.rend(); ++at)
    if (at->name == name)
      return &*at;
  return nullptr;
}

} // namespace synapse::backends
