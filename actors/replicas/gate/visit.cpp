#include "actors/replicas/gate/visit.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>

namespace synapse::actors::cluster {

std::string_view to_string(visit::cause why) {
  switch (why) {
  case visit::cause::none:
    return "none";
  case visit::cause::left:
    return "left";
  case visit::cause::tls:
    return "tls";
  case visit::cause::greeting:
    return "greeting";
  case visit::cause::version:
    return "version";
  case visit::cause::secret:
    return "secret";
  case visit::cause::size:
    return "size";
  }
  return "none";
}

visit::state visit::fail(cause why) {
  why_ = why;
  return state::failed;
}

visit::state visit::failed_talk() {
  switch (talk_.why()) {
  case gate_talk::reason::secret:
    return fail(cause::secret);
  case gate_talk::reason::version:
    return fail(cause::version);
  default:
    return fail(cause::greeting);
  }
}

visit::state visit::advance() {
  const auto blocked = [this](progress how) {
    if (how == progress::wants_write)
      return state::wants_write;
    if (how == progress::wants_read)
      return connection_.bytes_in() > max_stranger_bytes ? fail(cause::size) : state::wants_read;
    return fail(connection_.problem().empty() ? cause::left : cause::tls);
  };
  if (const auto how = connection_.handshake(); how != progress::done)
    return blocked(how);
  for (;;) {
    auto& output = talk_.output();
    while (!output.empty()) {
      std::size_t sent = 0;
      if (const auto how = connection_.write(output.data(), output.size(), sent);
          how != progress::done)
        return how == progress::closed && talk_.now() == gate_talk::state::refused ? failed_talk()
                                                                                   : blocked(how);
      output.erase(0, sent);
    }
    if (talk_.now() == gate_talk::state::passed)
      return state::passed;
    if (talk_.now() == gate_talk::state::refused)
      return failed_talk();
    char buffer[64];
    std::size_t count = 0;
    if (const auto how = connection_.read(buffer, std::min(sizeof buffer, talk_.wanted()), count);
        how != progress::done)
      return blocked(how);
    talk_.take({buffer, count});
  }
}

std::string visit::problem() const {
  switch (why_) {
  case cause::none:
    return {};
  case cause::left:
    return "closed the connection";
  case cause::tls:
    return "TLS: " + connection_.problem();
  case cause::greeting:
    return "does not greet as a replica: another program, or a gateway before this kind of "
           "greeting";
  case cause::version:
    return "greets in version " + std::to_string(talk_.their_version()) + ", this one in " +
           std::to_string(gate_version);
  case cause::secret:
    return "has another secret";
  case cause::size:
    return "sent too much before it had shown the secret";
  }
  return {};
}

bool visit_until(visit& one, std::chrono::steady_clock::time_point due, std::string& problem) {
  for (;;) {
    const auto now = one.advance();
    if (now == visit::state::passed)
      return true;
    if (now == visit::state::failed) {
      problem = one.problem();
      return false;
    }
    pollfd waiting{one.socket(),
                   static_cast<short>(now == visit::state::wants_write ? POLLOUT : POLLIN), 0};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(due - std::chrono::steady_clock::now());
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<long>(left.count(), 0)));
    if (ready == 0 || (ready < 0 && errno != EINTR)) {
      problem = "does not answer";
      return false;
    }
  }
}

} // namespace synapse::actors::cluster
