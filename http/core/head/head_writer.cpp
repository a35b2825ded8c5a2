#include "http/core/head/head_writer.hpp"

#include "http/core/head/head_parts.hpp"
#include "http/core/head/location.hpp"
#include "http/core/head/status.hpp"

#include <charconv>

namespace synapse::http {
namespace {

using detail::bit;

template <class... Piece>
void append(std::string& out, const Piece&... pieces) {
  (out.append(pieces), ...);
}

/// @param label the field's name with ": "
void append_line(std::string& out, std::string_view label, std::string_view value) {
  append(out, label, value, "\r\n");
}

void append_field(std::string& out, const field& f) {
  append(out, f.name, ": ", f.value, "\r\n");
}

/// What a request in the gateway's own words takes over from the client's, besides credentials.
constexpr std::uint64_t kept_in_own_words =
    bit(known_field::user_agent) | bit(known_field::traceparent) | bit(known_field::tracestate) |
    bit(known_field::forwarded) | bit(known_field::x_forwarded_for) |
    bit(known_field::x_forwarded_host) | bit(known_field::x_forwarded_proto);

constexpr std::uint64_t cors_fields =
    bit(known_field::access_control_allow_credentials) |
    bit(known_field::access_control_allow_headers) |
    bit(known_field::access_control_allow_methods) | bit(known_field::access_control_allow_origin) |
    bit(known_field::access_control_allow_private_network) |
    bit(known_field::access_control_expose_headers) | bit(known_field::access_control_max_age);

constexpr std::uint64_t location_fields =
    bit(known_field::location) | bit(known_field::content_location);

/// Copies the lines of the fields that are neither hop-by-hop nor in `drop` (a set of `bit`s; that
/// of `other` stands for all fields without a name of their own).
/// Neighbours that are both kept lie side by side in the input and go as one piece.
void append_fields(std::string& out, const field_list& fields, std::uint64_t drop) {
  const char* run = nullptr;
  for (const field& f : fields) {
    if (!f.hop_by_hop && (drop & bit(f.id)) == 0) {
      if (run == nullptr)
        run = f.name.data();
    } else if (run != nullptr) {
      out.append(run, f.name.data());
      run = nullptr;
    }
  }
  if (run == nullptr)
    return;
  const std::string_view last = fields[fields.size() - 1].value;
  const char* end = last.data() + last.size();
  while (*end != '\r') // blanks after the value
    ++end;
  out.append(run, end + 2);
}

void append_framing(std::string& out, body_framing framing, std::uint64_t length) {
  if (framing == body_framing::content_length) {
    out.append("Content-Length: ");
    append_number(out, length);
    out.append("\r\n");
  } else if (framing == body_framing::chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
}

void append_request_line(std::string& out, const request_head& head,
                         const upstream_head_options& options) {
  append(out, options.method.empty() ? head.method : options.method, " ", options.base_path);
  if (!options.target.empty()) {
    out.append(options.target);
  } else if (head.has_query && query_holds_own(options.own, head.query)) {
    append(out, head.path, "?");
    append_other_parameters(out, head.query, options.own);
  } else if (head.form == target_form::origin) {
    out.append(head.target);
  } else {
    if (head.path != "*" || options.base_path.empty())
      out.append(head.path);
    if (head.has_query)
      append(out, "?", head.query);
  }
  append(out, " HTTP/1.1\r\nHost: ", options.authority, "\r\n");
}

/// X-Forwarded-For: what came, joined, and the client's address.
void append_forwarded_for(std::string& out, const request_head& head,
                          const upstream_head_options& options) {
  out.append("X-Forwarded-For: ");
  if (options.trust_forwarded && head.fields.has(known_field::x_forwarded_for))
    for (const field& f : head.fields)
      if (f.id == known_field::x_forwarded_for && !f.hop_by_hop && !f.value.empty())
        append(out, f.value, ", ");
  append(out, options.client_ip, "\r\n");
}

void append_forwarded(std::string& out, const request_head& head,
                      const upstream_head_options& options) {
  if (!options.client_ip.empty())
    append_forwarded_for(out, head, options);
  const auto came = [&](known_field id) {
    const field* f = options.trust_forwarded ? head.fields.find(id) : nullptr;
    return f != nullptr && !f->hop_by_hop;
  };
  if (!options.client_scheme.empty() && !came(known_field::x_forwarded_proto))
    append_line(out, "X-Forwarded-Proto: ", options.client_scheme);
  if (!head.host.empty() && !came(known_field::x_forwarded_host))
    append_line(out, "X-Forwarded-Host: ", head.host);
}

std::uint64_t dropped_request_fields(const upstream_head_options& options) noexcept {
  std::uint64_t drop = bit(known_field::host) | bit(known_field::expect) |
                       bit(known_field::content_length) | bit(known_field::x_request_id);
  if (!options.client_ip.empty())
    drop |= bit(known_field::x_forwarded_for);
  if (!options.trust_forwarded)
    drop |= bit(known_field::x_forwarded_for) | bit(known_field::x_forwarded_proto) |
            bit(known_field::x_forwarded_host) | bit(known_field::forwarded);
  if (options.drop_accept_encoding)
    drop |= bit(known_field::accept_encoding);
  if (!options.content_type.empty())
    drop |= ~(kept_in_own_words | credential_fields) | bit(known_field::cookie);
  if (!options.forward_authorization || !options.bearer.empty())
    drop |= credential_fields;
  return drop;
}

/// The kinds of credential fields of which some hold what is the gateway's own.
std::uint64_t kinds_with_own(const request_head& head, const own_credentials& own,
                             std::uint64_t among) noexcept {
  if (!head.fields.has_any(among) || !own.may_be_in(head))
    return 0;
  std::uint64_t found = 0;
  for (const field& f : head.fields)
    if ((among & bit(f.id)) != 0 && !f.hop_by_hop && holds_own(own, f))
      found |= bit(f.id);
  return found;
}

/// The fields of these kinds without what is the gateway's own.
void append_without_own(std::string& out, const request_head& head, const own_credentials& own,
                        std::uint64_t kinds) {
  for (const field& f : head.fields) {
    if ((kinds & bit(f.id)) == 0 || f.hop_by_hop)
      continue;
    const auto before = out.size();
    if (!holds_own(own, f)) {
      append_field(out, f);
    } else if (f.id == known_field::cookie) {
      append(out, f.name, ": ");
      const auto begin = out.size();
      append_other_cookies(out, f.value, own);
      if (out.size() == begin)
        out.resize(before);
      else
        out.append("\r\n");
    }
  }
}

void append_request_fields(std::string& out, const request_head& head,
                           const upstream_head_options& options, std::uint64_t drop) {
  const auto apart = kinds_with_own(head, options.own, credential_fields & ~drop);
  append_fields(out, head.fields, drop | apart);
  if (apart != 0)
    append_without_own(out, head, options.own, apart);
  if (!options.bearer.empty())
    append(out, options.bearer_field, options.bearer, "\r\n");
}

bool has_meaningful_body(const request_head& head) noexcept {
  return head.chunked || head.content_length >= 0 || head.method_id == verb::post ||
         head.method_id == verb::put || head.method_id == verb::patch;
}

} // namespace

void append_number(std::string& out, std::uint64_t n) {
  char digits[20];
  const auto r = std::to_chars(digits, digits + sizeof digits, n);
  out.append(digits, r.ptr);
}

void write_upstream_request_head(std::string& out, const request_head& head,
                                 const upstream_head_options& options) {
  out.clear();
  append_request_line(out, head, options);
  append_request_fields(out, head, options, dropped_request_fields(options));
  append_forwarded(out, head, options);
  if (!options.content_type.empty())
    append_line(out, "Content-Type: ", options.content_type);
  if (!options.request_id.empty())
    append_line(out, "X-Request-Id: ", options.request_id);
  if (options.framing == body_framing::none && has_meaningful_body(head))
    out.append("Content-Length: 0\r\n");
  else
    append_framing(out, options.framing, options.content_length);
  append(out, options.extra, "\r\n");
}

void append_credentials(std::string& out, const request_head& head,
                        const upstream_head_options& options) {
  auto drop = ~credential_fields | bit(known_field::cookie);
  if (!options.forward_authorization || !options.bearer.empty())
    drop |= credential_fields;
  append_request_fields(out, head, options, drop);
}

namespace {

/// The kinds of an answer's fields that are looked at one by one.
std::uint64_t answer_kinds_apart(const response_head& head,
                                 const downstream_head_options& options) noexcept {
  std::uint64_t apart = 0;
  if (!options.own_cookie.empty())
    apart |= bit(known_field::set_cookie);
  if (!options.authority.empty())
    apart |= location_fields;
  return head.fields.has_any(apart) ? apart : 0;
}

void append_apart(std::string& out, const response_head& head,
                  const downstream_head_options& options, std::uint64_t kinds) {
  for (const field& f : head.fields) {
    if ((kinds & bit(f.id)) == 0 || f.hop_by_hop)
      continue;
    if (f.id == known_field::set_cookie) {
      if (!sets_cookie(f.value, options.own_cookie))
        append_field(out, f);
      continue;
    }
    append(out, f.name, ": ");
    if (!append_own_location(out, f.value, options.authority, options.base_path))
      out.append(f.value);
    out.append("\r\n");
  }
}

} // namespace

void write_downstream_response_head(std::string& out, const response_head& head,
                                    const downstream_head_options& options) {
  char line[] = "HTTP/1.1 000 "; // a status has three digits
  for (unsigned i = 11, rest = head.status; i > 8; --i, rest /= 10)
    line[i] = static_cast<char>('0' + rest % 10);
  out.assign(line, sizeof line - 1);
  append(out, head.reason.empty() ? reason_phrase(head.status) : head.reason, "\r\n");
  const auto apart = answer_kinds_apart(head, options);
  auto dropped =
      bit(known_field::content_length) | bit(known_field::x_request_id) | cors_fields | apart;
  if (!options.content_type.empty())
    dropped |= bit(known_field::content_type);
  append_fields(out, head.fields, dropped);
  if (!options.content_type.empty())
    append_line(out, "Content-Type: ", options.content_type);
  if (apart != 0)
    append_apart(out, head, options, apart);
  append_framing(out, options.framing, options.content_length);
  if (!options.date.empty() && !head.fields.has(known_field::date))
    append_line(out, "Date: ", options.date);
  if (options.event_stream) {
    if (!head.fields.has(known_field::cache_control))
      out.append("Cache-Control: no-cache\r\n");
    if (!head.fields.has(known_field::x_accel_buffering))
      out.append("X-Accel-Buffering: no\r\n");
  }
  if (!options.request_id.empty())
    append_line(out, "X-Request-Id: ", options.request_id);
  if (options.connection == connection_directive::close)
    out.append("Connection: close\r\n");
  else if (options.connection == connection_directive::keep_alive)
    out.append("Connection: keep-alive\r\n");
  append(out, options.extra, "\r\n");
}

} // namespace synapse::http
