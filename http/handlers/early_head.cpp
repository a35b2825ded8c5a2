#include "http/handlers/early_head.hpp"

#include "http/core/chunked.hpp"
#include "http/core/local_reply.hpp"

namespace synapse::handlers {

namespace {
void append_head(std::string& out, server::exchange& ex, const client::backend_site& site,
                 std::string_view content_type) {
  const std::string fields =
      "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n" + site.response_extra;
  http::reply_head reply;
  reply.status = 200;
  reply.content_type = content_type;
  reply.content_length.reset();
  reply.chunked = !ex.plain_only();
  if (ex.plain_only()) {
    ex.close_after();
    ex.until_close();
  }
  reply.request_id = ex.id();
  reply.connection = ex.decide_connection();
  reply.date = ex.owner().date();
  reply.extra = fields;
  http::append_reply_head(out, reply);
  ex.begin_events();
  ex.record().status = 200;
  ex.record().detail = http::response_detail::via_upstream;
}
} // namespace

void append_early(std::string& out, server::exchange& ex, const client::backend_site& site,
                  std::string_view content_type, std::string_view events) {
  if (!ex.begun())
    append_head(out, ex, site, content_type);
  if (ex.plain_only()) {
    out.append(events);
    return;
  }
  char line[20];
  out.append(http::chunk_head(events.size(), line)).append(events).append("\r\n");
}

} // namespace synapse::handlers
