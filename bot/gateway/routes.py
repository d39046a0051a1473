"""All routes on one page; openapi.yaml describes exactly these."""

from aiohttp import web

from bot.gateway import api, chat, health, pages


def add_routes(app: web.Application) -> None:
    """Give the application its routes."""
    app.add_routes(
        [
            # The widget's API
            web.post("/api/v1/conversations", chat.open_conversation),
            web.post("/api/v1/conversations/{id}/messages", chat.send_message),
            web.get("/api/v1/conversations/{id}/messages", chat.read_messages, allow_head=False),
            web.get("/api/v1/conversations/{id}/socket", chat.socket, allow_head=False),
            web.options("/api/v1/conversations", pages.preflight),
            web.options("/api/v1/conversations/{id}/messages", pages.preflight),
            # For staff
            web.get("/api/v1/tickets", api.tickets, allow_head=False),
            web.get("/api/v1/tickets/{number}", api.ticket, allow_head=False),
            # Pages and files
            web.get("/", pages.demo_page),
            web.get("/widget.js", pages.widget),
            web.get("/static/{path:.+}", pages.static),
            web.get("/api/v1/openapi.yaml", pages.openapi),
            # For the operator
            web.get("/healthz", health.healthz),
            web.get("/readyz", health.readyz),
            web.get("/metrics", health.metrics),
        ]
    )
