/// @file
/// The ways of an answer from the backend to the client. Each reads one kind of answer to its end,
/// has the guard that notices a missing end, and gives connection and permit back.
#pragma once

#include "http/proxy/call.hpp"
#include "http/proxy/upstream/upstream_request.hpp"

#include <string>

namespace synapse::proxy {

/// Chooses one of those below. All on the exchange's thread; `done` means that the client has its
/// answer, or as much as there was, or that `call::end` says something else. `failed` only while
/// nothing of the answer has been sent.
net::task<step> relay(call& of, upstream_request& from);

/// Passes the body on as it comes, or what is left of it when the client has the head already
/// (relay/raw.cpp). @param is_json its end has to look like one, and names what it has cost; only
/// for bodies with a length
net::task<step> relay_raw(call& of, upstream_request& from, bool is_json = false);

/// A whole answer that has to be JSON and no error (relay/judged.cpp).
net::task<step> relay_judged(call& of, upstream_request& from);

/// OpenAI's event streams (relay/event_stream.cpp). @param begun what was read of it, decoded
net::task<step> relay_event_stream(call& of, upstream_request& from, std::string begun = {});

/// Reads the answer to its end for the handler (relay/collect.cpp).
net::task<step> collect(call& of, upstream_request& from);

/// Through the call's translator (relay/translated.cpp).
net::task<step> relay_translated(call& of, upstream_request& from);

/// Waits until all of a small answer lies in the connection's buffer: if the backend breaks off
/// within it, the client gets an error instead of half an object (relay/raw.cpp).
/// @pre the body has a length, at most half of net::transport::default_buffer
net::task<step> await_whole(call& of, upstream_request& from);

/// Ends a begun answer: with the translator's last word if its form has room for one, in a way that
/// nobody takes for a good end (relay/translated.cpp).
/// @param pending what was translated and has not been sent
net::task<void> break_off(call& of, http::response_detail detail, std::string message,
                          std::string pending = {});

} // namespace synapse::proxy
