#include "actors/feed/redis/redis_connection.hpp"

#include <algorithm>
#include <utility>

namespace synapse::actors {

using boost::system::error_code;

namespace {

constexpr std::size_t longest_refusal = 200;

/// The first word of an error, which says of what kind it is.
std::string code_of(const std::string& text) {
  const auto end =
      std::find_if(text.begin(), text.end(), [](char c) { return c < 'A' || c > 'Z'; });
  const std::string code{text.begin(), end};
  return code.empty() || code.size() > 20 ? "ERR" : code;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// What passes without anybody's doing.
bool is_passing(const std::string& text) {
  return text.starts_with("LOADING") || text.starts_with("BUSY") ||
         text.starts_with("MASTERDOWN") || has(text, "max number of clients");
}

/// Somebody else's words in a line of ours.
std::string harmless(const std::string& text, const std::string& secret) {
  if (!secret.empty() && has(text, secret))
    return code_of(text);
  std::string result = text.substr(0, longest_refusal);
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

} // namespace

redis_connection::redis_connection(boost::asio::io_context& io, connection_role role,
                                   connection_options options, handlers told)
    : role_(role), options_(std::move(options)), handlers_(std::move(told)),
      stream_(io, options_.tls, options_.url.host), timer_(io) {}

void redis_connection::start(const tcp_endpoints& endpoints, clock::time_point deadline) {
  wait_for_login(deadline);
  stream_.open(endpoints, [self = shared_from_this()](const error_code& error) {
    if (self->closed_)
      return;
    if (error)
      return self->on_error(error);
    self->log_in();
  });
}

void redis_connection::wait_for_login(clock::time_point deadline) {
  timer_.expires_at(deadline);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && !self->closed_ && !self->ready_)
      self->end({"it does not answer", false});
  });
}

void redis_connection::log_in() {
  const auto& url = options_.url;
  if (!url.user.empty())
    append(command::auth, {"AUTH", url.user, url.password});
  else if (!url.password.empty())
    append(command::auth, {"AUTH", url.password});
  if (url.database != 0)
    append(command::select, {"SELECT", std::to_string(url.database)});
  if (role_ == connection_role::subscriber)
    append(command::subscribe, {"SUBSCRIBE", options_.channel});
  else
    append(command::ping, {"PING"});
  send();
  read();
}

void redis_connection::append(command what, std::initializer_list<std::string_view> words) {
  append_command(waiting_, words);
  expected_.push_back(what);
}

void redis_connection::publish(std::string_view message) {
  append(command::publish, {"PUBLISH", options_.channel, message});
  send();
}

void redis_connection::close() {
  closed_ = true;
  timer_.cancel();
  stream_.close();
}

void redis_connection::end(redis_fault fault) {
  if (closed_)
    return;
  close();
  handlers_.ended(fault);
}

void redis_connection::on_error(const error_code& error) {
  end({stream_.explain(error), redis_stream::is_refusal(error)});
}

void redis_connection::send() {
  if (closed_ || !writing_.empty() || waiting_.empty())
    return;
  writing_.swap(waiting_);
  stream_.write(boost::asio::buffer(writing_),
                [self = shared_from_this()](const error_code& error, std::size_t) {
                  self->writing_.clear();
                  if (self->closed_)
                    return;
                  if (error)
                    return self->on_error(error);
                  self->send();
                });
}

void redis_connection::read() {
  stream_.read(boost::asio::buffer(input_),
               [self = shared_from_this()](const error_code& error, std::size_t bytes) {
                 if (self->closed_)
                   return;
                 if (error)
                   return self->on_error(error);
                 self->on_read(bytes);
               });
}

void redis_connection::on_read(std::size_t bytes) {
  heard_ = true;
  reader_.feed({input_.data(), bytes});
  while (const auto reply = reader_.next()) {
    on_reply(*reply);
    if (closed_)
      return;
  }
  if (reader_.is_broken())
    return end({"what it says is not the Redis protocol, or far too long", false});
  if (handlers_.pause)
    handlers_.pause();
  if (!closed_)
    read();
}

void redis_connection::on_reply(const redis_reply& reply) {
  if (role_ == connection_role::subscriber && ready_)
    return on_message(reply);
  if (expected_.empty())
    return end({"it answers what nobody has asked", false});
  const command what = expected_.front();
  expected_.pop_front();
  // A single refused line is its sender's matter; anything else makes the connection useless.
  if (what == command::publish)
    return handlers_.answered(
        reply.kind == reply_kind::error ? harmless(reply.text, options_.url.password) : "");
  if (reply.kind == reply_kind::error)
    return end(refusal(what, reply.text));
  if (expected_.empty() && !ready_)
    on_ready();
}

void redis_connection::on_message(const redis_reply& reply) {
  if (reply.kind == reply_kind::error)
    return end({"it says " + harmless(reply.text, options_.url.password), false});
  // Anything else is the answer to a PING.
  if (reply.parts.size() == 3 && reply.parts[0].text == "message")
    handlers_.message(reply.parts[2]);
}

void redis_connection::on_ready() {
  ready_ = true;
  ask_whether_alive();
  handlers_.ready();
}

void redis_connection::ask_whether_alive() {
  heard_ = false;
  append_command(waiting_, {"PING"});
  if (role_ == connection_role::publisher)
    expected_.push_back(command::ping);
  send();
  timer_.expires_after(options_.ping_interval);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->closed_)
      return;
    // Also where it takes no bytes any more: then the PING has not even gone out.
    if (!self->heard_)
      return self->end({"it does not answer any more", false});
    self->ask_whether_alive();
  });
}

redis_fault redis_connection::refusal(command what, const std::string& text) const {
  if (is_passing(text))
    return {"it says " + harmless(text, options_.url.password), false};
  if (text.starts_with("WRONGPASS") || has(text, "invalid password"))
    return {"wrong user or password", true};
  if (text.starts_with("NOAUTH"))
    return {"it wants a password, and none is configured", true};
  if (has(text, "without any password configured") || has(text, "no password is set"))
    return {"it has no password set, but one is configured", true};
  // Servers that do not know the command repeat its words.
  if (what == command::auth)
    return {"it refuses AUTH (" + code_of(text) + ")", true};
  const char* name = what == command::select      ? "SELECT"
                     : what == command::subscribe ? "SUBSCRIBE"
                                                  : "PING";
  return {std::string{"it refuses "} + name + ": " + harmless(text, options_.url.password), true};
}

} // namespace synapse::actors
