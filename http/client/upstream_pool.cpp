#include "http/client/upstream_pool.hpp"

#include <algorithm>

namespace synapse::client {

upstream_connection::upstream_connection(net::io_thread& io, const net::tcp::endpoint& to)
    : transport(io, net::socket(io.executor())), address_(to) {
  timer_.owner = this;
}

void upstream_connection::idle_timer::on_timer() {
  if (owner->pool_)
    owner->pool_->drop(*owner);
}

/// Nothing is expected on an idle connection: bytes, an end and an error all make it unusable.
void upstream_connection::on_unattended() {
  if (pool_)
    pool_->drop(*this);
}

upstream_pool::upstream_pool(net::io_thread& io, pool_options options)
    : io_(io), options_(std::move(options)) {}

void upstream_pool::count_idle(int change) const noexcept {
  if (options_.idle)
    options_.idle->add(change);
}

void upstream_pool::count_active(int change) const noexcept {
  if (options_.active)
    options_.active->add(change);
}

upstream_pool::~upstream_pool() {
  count_idle(-static_cast<int>(idle_.size()));
  for (auto& connection : idle_) {
    connection->pool_ = nullptr;
    connection->close();
  }
}

connection_ptr upstream_pool::take(const net::tcp::endpoint& address) {
  for (auto i = idle_.size(); i-- > 0;) {
    if (idle_[i]->address_ != address)
      continue;
    auto connection = std::move(idle_[i]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    connection->pool_ = nullptr;
    io_.disarm(connection->timer_);
    connection->reused_ = true;
    count_idle(-1);
    count_active(1);
    return connection;
  }
  return nullptr;
}

connection_ptr upstream_pool::open(const net::tcp::endpoint& address, net::wake_ptr wake) {
  auto connection = net::make_local<upstream_connection>(io_, address);
  connection->attach(std::move(wake));
  connection->connect(address);
  count_active(1);
  return connection;
}

bool upstream_pool::secure(upstream_connection& connection) {
  if (!options_.tls || connection.is_tls())
    return false;
  connection.handshake(options_.tls, true, options_.server_name, options_.verify);
  return true;
}

void upstream_pool::discard(connection_ptr connection) {
  connection->attach(nullptr);
  // What the backend has not taken yet must not reach it any more: an orderly close would go on
  // sending it.
  if (connection->writing() || connection->unsent() > 0)
    connection->abort();
  else
    connection->close();
  count_active(-1);
}

void upstream_pool::give_back(connection_ptr connection) {
  // Bytes nobody asked for would be taken for the next answer.
  if (connection->ended() || connection->writing() || !connection->input().empty() ||
      !connection->is_open() || options_.max_idle == 0) {
    discard(std::move(connection));
    return;
  }
  connection->attach(nullptr);
  count_active(-1);
  count_idle(1);
  if (idle_.size() >= options_.max_idle)
    drop(*idle_.front());
  connection->pool_ = this;
  io_.arm(connection->timer_, net::io_thread::recent() + options_.idle_timeout);
  connection->read();
  idle_.push_back(std::move(connection));
}

void upstream_pool::drop(upstream_connection& connection) {
  const auto found = std::find_if(idle_.begin(), idle_.end(),
                                  [&](const connection_ptr& c) { return c.get() == &connection; });
  if (found == idle_.end())
    return;
  auto dropped = std::move(*found);
  idle_.erase(found);
  dropped->pool_ = nullptr;
  io_.disarm(dropped->timer_);
  dropped->close();
  count_idle(-1);
}

} // namespace synapse::client
