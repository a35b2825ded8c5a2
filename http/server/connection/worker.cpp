#include "http/server/connection/worker.hpp"

#include "http/server/connection/connection.hpp"

#include <ctime>
#include <vector>

namespace synapse::server {

worker::worker(net::io_thread& thread, actors::io_unit& io_unit, lifecycle& state,
               const route_table& table)
    : io(thread), unit(io_unit), life(state), routes_table(table) {}

std::string_view worker::date() {
  const auto now = net::io_thread::recent();
  if (now >= date_valid_until_) {
    timespec wall{};
    ::clock_gettime(CLOCK_REALTIME, &wall);
    std::tm parts{};
    ::gmtime_r(&wall.tv_sec, &parts);
    char text[40];
    // IMF-fixdate; the program never leaves the C locale.
    const auto size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_.assign(text, size);
    date_valid_until_ = now + 1'000'000'000 - wall.tv_nsec;
  }
  return date_;
}

namespace {
/// A connection may end while the list is walked.
std::vector<net::local_ptr<connection>> all_of(const worker& w) {
  std::vector<net::local_ptr<connection>> all;
  for (auto* c = w.connections; c; c = c->next())
    all.emplace_back(c);
  return all;
}
} // namespace

void worker::begin_drain() {
  for (auto& c : all_of(*this))
    c->drain();
}

void worker::abort_all() {
  for (auto& c : all_of(*this))
    c->abort(give_up::draining);
}

} // namespace synapse::server
