package admin

func (a *Admin) scimRoutes() {}
